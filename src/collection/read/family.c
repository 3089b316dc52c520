/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/read/family.h"

#include <string.h>

typedef enum {
#define MODULE(ID, ENDING) ID,
#include "families.def"
  MODULES
} Module;

static const char *const endings[] = {
#define MODULE(ID, ENDING) ENDING,
#include "families.def"
};

enum { MOST_ROWS = 14, MOST_WIDTHS = 3 };

typedef struct {
  Module module;
  uint64_t in[MOST_WIDTHS]; /* any of these */
  uint64_t out, blocks;     /* 0: any */
} Row;

typedef struct {
  const char *name, *spellings;
  Row rows[MOST_ROWS]; /* those behind the last have no `in` and no `out` */
} Family;

static const Family families[] = {
#define FAMILY(NAME, SPELLINGS, ...) {NAME, SPELLINGS, {__VA_ARGS__}},
#include "families.def"
};

/* --- layers ------------------------------------------------------------------------------------ */

/* What one kind of module looks like in a model. */
typedef struct {
  bool seen, mixed; /* mixed: of more than MOST_WIDTHS widths, or of several heights */
  uint64_t in[MOST_WIDTHS], out, blocks;
} Seen;

static bool is_mark(char c) { return c == '.' || c == '_'; }

/* Compares from the end. *block gets the number under the star, 0 without one. */
static bool ends_so(const char *name, const char *ending, uint64_t *block) {
  const char *n = name + strlen(name), *e = ending + strlen(ending);
  *block = 0;
  while (e > ending) {
    char want = *--e;
    if (want == '*') {
      uint64_t unit = 1;
      const char *digits = n;
      for (; n > name && g_ascii_isdigit(n[-1]) && unit < 1000000; unit *= 10) *block += unit * (uint64_t)(*--n - '0');
      if (n == digits) return false;
    } else if (n == name) {
      return false;
    } else {
      char have = *--n;
      if (have != want && !(is_mark(have) && is_mark(want))) return false;
    }
  }
  return n == name || is_mark(n[-1]);
}

/* The module whose ending is the longest that fits, or MODULES. */
static Module module_of(const char *name, uint64_t *block) {
  Module best = MODULES;
  for (unsigned m = 0; m < MODULES; m++) {
    uint64_t at;
    if ((best == MODULES || strlen(endings[m]) > strlen(endings[best])) && ends_so(name, endings[m], &at))
      best = m, *block = at;
  }
  return best;
}

static void note_layer(Seen *s, const LayerInfo *l, uint64_t block) {
  s->mixed |= s->seen && s->out != l->d_out && s->out != 0;
  s->out = s->mixed ? 0 : l->d_out;
  s->seen = true;
  s->blocks = MAX(s->blocks, block + 1);
  unsigned i = 0;
  while (i < MOST_WIDTHS && s->in[i] && s->in[i] != l->d_in) i++;
  if (i < MOST_WIDTHS) s->in[i] = l->d_in;
  else s->mixed = true;
}

static bool has_width(const Row *r, uint64_t width) {
  if (r->in[0] == 0) return true;
  for (unsigned i = 0; i < MOST_WIDTHS; i++)
    if (r->in[i] == width) return true;
  return false;
}

static bool row_fits(const Row *r, const Seen *s) {
  for (unsigned i = 0; i < MOST_WIDTHS && s->in[i]; i++)
    if (!has_width(r, s->in[i])) return false;
  if (r->out && (s->mixed || s->out != r->out)) return false;
  return !r->blocks || s->blocks <= r->blocks;
}

static bool is_words(Module m) { return m == EMBED || m == GGUF_EMBED || m == BERT_WORDS; }

/* 0: does not fit, or has nothing to fit. More where more of what is seen is the family's own, then where words set
 * it apart from families that agree in every block, then where it has just so many blocks. Words never speak against
 * a family: their tables are made longer and shorter. */
static unsigned fit_of(const Family *f, const Seen *seen) {
  unsigned modules = 0, words = 0, exact = 0;
  for (unsigned i = 0; i < MOST_ROWS; i++) {
    const Row *r = &f->rows[i];
    const Seen *s = &seen[r->module];
    if ((r->in[0] == 0 && r->out == 0) || !s->seen) continue;
    bool fits = row_fits(r, s);
    if (is_words(r->module)) {
      words |= fits;
    } else {
      if (!fits) return 0;
      modules++;
      exact |= r->blocks && r->blocks == s->blocks;
    }
  }
  return modules ? 4 * modules + 2 * words + exact : 0;
}

FamilyGuess family_of_layers(const GArray *layers) {
  Seen seen[MODULES] = {0};
  for (guint i = 0; i < layers->len; i++) {
    const LayerInfo *l = &g_array_index(layers, LayerInfo, i);
    uint64_t block = 0;
    Module m = module_of(l->name, &block);
    if (m != MODULES) note_layer(&seen[m], l, block);
  }
  unsigned best = 1;
  FamilyGuess guess = {0};
  for (unsigned f = 0; f < G_N_ELEMENTS(families); f++) {
    unsigned fit = fit_of(&families[f], seen);
    if (fit < best) continue;
    if (fit > best) best = fit, guess.n = 0;
    if (guess.n < FAMILY_MOST) guess.at[guess.n] = (unsigned short)f;
    guess.n++;
  }
  if (guess.n > FAMILY_MOST) guess.n = 0;
  return guess;
}

/* --- words ------------------------------------------------------------------------------------- */

/* Lower case; each run of what is no letter or digit becomes "-". */
static char *plain_text(const char *text) {
  char *out = g_ascii_strdown(text, -1), *to = out;
  for (const char *c = out; *c; c++) {
    if (g_ascii_isalnum(*c)) *to++ = *c;
    else if (to > out && to[-1] != '-') *to++ = '-';
  }
  *to = '\0';
  return out;
}

/* A spelling stands in a text where it does not break a number or a word off ("llama-2-7b" in "llama-2-70b" never); one
 * after "=" is the text. */
static bool text_has(const char *text, const char *spelling, size_t n) {
  if (*spelling == '=') return strcmp(text, spelling + 1) == 0;
  for (const char *at = text; (at = strstr(at, spelling)); at++) {
    char before = at > text ? at[-1] : '-', after = at[n];
    bool digit = g_ascii_isdigit(spelling[n - 1]);
    if (!g_ascii_isalnum(before) && !(digit ? g_ascii_isdigit(after) : g_ascii_isalpha(after))) return true;
  }
  return false;
}

int family_of_text(const char *text) {
  g_autofree char *plain = plain_text(text);
  int best = -1;
  size_t longest = 0;
  for (unsigned f = 0; f < G_N_ELEMENTS(families); f++) {
    g_auto(GStrv) spellings = g_strsplit(families[f].spellings, " ", -1);
    for (char **s = spellings; *s; s++) {
      size_t n = strlen(*s);
      if (n > longest && text_has(plain, *s, n)) best = (int)f, longest = n;
    }
  }
  return best;
}

const char *family_name(unsigned f) { return families[f].name; }

/* --- facts ------------------------------------------------------------------------------------- */

static bool guess_has(const FamilyGuess *g, int family) {
  for (unsigned i = 0; i < g->n; i++)
    if (g->at[i] == family) return true;
  return false;
}

/* "A", "A or B", "A, B or C". */
static char *guess_text(const FamilyGuess *g) {
  GString *s = g_string_new(family_name(g->at[0]));
  for (unsigned i = 1; i < g->n; i++)
    g_string_append_printf(s, "%s%s", i + 1 == g->n ? " or " : ", ", family_name(g->at[i]));
  return g_string_free(s, FALSE);
}

/* The first fact that names a family: what the trainer wrote goes before the name of a base. */
static const Fact *declaration(const Model *m, int *family) {
  static const char *const keys[] = {"ss_base_model_version", "architecture", "declared_family", "base"};
  for (size_t k = 0; k < G_N_ELEMENTS(keys); k++)
    for (guint i = 0; i < m->facts->len; i++) {
      const Fact *f = m->facts->pdata[i];
      if (strcmp(f->key, keys[k]) == 0 && (*family = family_of_text(f->value)) >= 0) return f;
    }
  *family = -1;
  return NULL;
}

static bool has_row(const Family *f, const Row *want) {
  for (unsigned i = 0; i < MOST_ROWS; i++) {
    const Row *r = &f->rows[i];
    if ((r->in[0] == 0 && r->out == 0) || r->module != want->module || !has_width(r, want->in[0])) continue;
    if ((r->out == 0 || r->out == want->out) && (r->blocks == 0 || r->blocks == want->blocks)) return true;
  }
  return false;
}

/* What was told from the layers is a part of the family declared, as the text tower of an image model is. */
static bool is_part_of(const FamilyGuess *guess, int declared) {
  if (guess->n != 1) return false;
  const Family *part = &families[guess->at[0]], *whole = &families[declared];
  for (unsigned i = 0; i < MOST_ROWS; i++) {
    const Row *r = &part->rows[i];
    if ((r->in[0] || r->out) && !has_row(whole, r)) return false;
  }
  return true;
}

void family_add_facts(Model *m, const FamilyGuess *guess) {
  int declared;
  const Fact *said = declaration(m, &declared);
  if (guess->n == 0) {
    if (said) model_add_fact(m, "family", family_name((unsigned)declared), said->source);
    return;
  }
  g_autofree char *shapes = guess_text(guess);
  if (said && guess_has(guess, declared)) {
    model_add_fact(m, "family", family_name((unsigned)declared), "shapes");
    return;
  }
  if (said && is_part_of(guess, declared)) {
    model_add_fact(m, "family", family_name((unsigned)declared), said->source);
    return;
  }
  model_add_fact(m, "family", shapes, "shapes");
  if (!said) return;
  g_autofree char *conflict = g_strdup_printf("%s %s names %s; the shapes of the layers are those of %s", said->key,
                                              said->value, family_name((unsigned)declared), shapes);
  model_add_fact(m, "family_conflict", conflict, said->source);
}
