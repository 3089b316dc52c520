/* SPDX-License-Identifier: Apache-2.0 */
/* What a view asks the program for, beyond itself: one of these, with what it takes along. Views put them into ui->asked by
 * the functions of services.h; ui/app/requests.c alone takes them out, in the order in which they were asked. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "collection/model.h"

typedef enum {
  REQUEST_BACK,     /* leave the view */
  REQUEST_RETURN,   /* go back to the view that has led here, if one has */
  REQUEST_SKIPPED,  /* show the files that were skipped */
  REQUEST_SCAN,     /* look for models again */
  REQUEST_EXPERTS,  /* open the experts again */
  REQUEST_REDRAW,   /* draw: the view looks different now */
  REQUEST_MODEL,    /* open a model */
  REQUEST_LOCATE,   /* show a model in the forest */
  REQUEST_DIFF,     /* compare two models */
  REQUEST_COMPARE,  /* put models side by side */
  REQUEST_REPORT,   /* judge the expert of a name */
  REQUEST_TAG,      /* tag models in the forest */
  REQUEST_COPY,     /* put text on the clipboard */
  REQUEST_PAGE,     /* show text in $PAGER */
  REQUEST_MESSAGES, /* show all messages below a text */
  REQUEST_ANSWER,   /* let all views know of another answer */
  REQUEST_PREDICTED /* let all views know of other predictions */
} RequestKind;

/* A request owns what it takes along; which member that is, its kind says. */
typedef struct {
  RequestKind kind;
  union {
    struct {
      Model *model;
      bool labels; /* it is to be asked about labels */
    } open;        /* REQUEST_MODEL, REQUEST_LOCATE */
    struct {
      Model *p, *x;    /* x is what differs from p */
    } pair;            /* REQUEST_DIFF */
    GPtrArray *models; /* of Model*: REQUEST_TAG, REQUEST_COMPARE */
    char *text;        /* REQUEST_COPY, REQUEST_PAGE, REQUEST_MESSAGES, REQUEST_REPORT */
    struct {
      char *question;      /* NULL: there is none */
      GHashTable *scores;  /* path -> score (double*), or NULL */
    } answer;              /* REQUEST_ANSWER */
    GHashTable *predicted; /* path -> text: REQUEST_PREDICTED */
  };
} Request;

/* Frees a request and what is still in it. */
void request_free(Request *request);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Request, request_free)
