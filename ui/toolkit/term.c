/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/toolkit/term.h"

#include <curses.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <unistd.h>
#include <wchar.h>

/* <term.h> names capabilities by macros, and some of them are everyday words. */
#undef columns
#undef lines

#include "core/error.h"
#include "core/text.h"
#include "ui/toolkit/style_rgb.h"
#include "ui/toolkit/term_dump.h"
#include "ui/toolkit/term_key.h"
#include "ui/toolkit/term_reply.h"

enum { HOLD_FROM = 4 }; /* rows of a frame from which on it is held back until it is whole */

static const char paste_on[] = "\033[?2004h", paste_off[] = "\033[?2004l";

struct Term {
  SCREEN *screen; /* NULL: headless, and no terminal description was found */
  FILE *out, *in; /* owned when headless */
  bool headless, ascii;
  bool xterm; /* it knows xterm's title and paste brackets */
  Scheme scheme;
  bool chooses;      /* the scheme follows the terminal: nobody has named one */
  bool direct;       /* colours are red, green and blue, not numbers of a palette */
  bool synchronised; /* frames may be held back until they are whole */
  gint64 asked;      /* when it was asked last, 0: it owes no answer */
  TermReply reply;
  Cells *shown; /* the picture that was painted last */
  bool anew;
  GString *restore;
  bool coloured[STYLE_COUNT]; /* looks[] in place of the scheme's */
  Look looks[STYLE_COUNT];
  bool mouse;
  attr_t attributes[STYLE_COUNT];
  short pairs[STYLE_COUNT];
};

static bool locale_is_utf8(void) {
  setlocale(LC_CTYPE, "");
  return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

static attr_t look_attributes(Look look) {
  attr_t a = A_NORMAL;
  if (look.attributes & LOOK_BOLD) a |= A_BOLD;
  if (look.attributes & LOOK_DIM) a |= A_DIM;
  if (look.attributes & LOOK_REVERSE) a |= A_REVERSE;
  if (look.attributes & LOOK_UNDERLINE) a |= A_UNDERLINE;
  return a;
}

/* ncurses numbers the eight colours as we do, from black = 0. */
static short curses_colour(signed char colour, bool own_works, short otherwise) {
  if (colour != COLOUR_OWN) return (short)(colour - BLACK);
  return own_works ? -1 : otherwise;
}

/* True when terminfo says that a colour is its red, green and blue in a byte each: RGB, as a flag, a number of bits or
 * the bits of each. */
static bool takes_rgb(void) {
  enum { ALL = 1 << 24 };
  const char *bits = tigetstr("RGB");
  return COLORS >= ALL && (tigetflag("RGB") > 0 || tigetnum("RGB") > 0 || (bits && bits != (const char *)-1));
}

static void set_up_style(Term *term, Style s, bool coloured, bool own) {
  Look look = term->coloured[s] ? term->looks[s] : style_look(term->scheme, s);
  term->attributes[s] = look_attributes(look);
  term->pairs[s] = 0;
  if (!coloured || (look.fg == COLOUR_OWN && look.bg == COLOUR_OWN)) return;
  term->pairs[s] = (short)(s + 1);
  int fg, bg;
  if (term->direct && own && !term->coloured[s] && style_rgb(term->scheme, s, &fg, &bg)) {
    init_extended_pair(term->pairs[s], fg, bg);
    return;
  }
  init_pair(term->pairs[s], curses_colour(look.fg, own, COLOR_WHITE), curses_colour(look.bg, own, COLOR_BLACK));
}

static void set_up_styles(Term *term, const char *theme) {
  bool coloured = has_colors() && start_color() == OK && COLORS >= 8;
  bool own = coloured && use_default_colors() == OK;
  term->scheme = scheme_choose(theme, coloured);
  term->direct = coloured && takes_rgb();
  /* Who wants no colours gets none, whatever the configuration says. */
  bool mono = term->scheme == SCHEME_MONO;
  for (int s = 0; s < STYLE_COUNT; s++) set_up_style(term, (Style)s, coloured && !mono, own);
}

/* True when nobody has named a scheme, and there are colours to choose among. */
static bool follows_terminal(const Term *term, const char *theme) {
  return (!theme || !scheme_known(theme)) && term->scheme != SCHEME_MONO;
}

/* Adds a capability's bytes without its padding "$<5>": a crash cannot wait. */
static void add_capability(GString *to, const char *capability) {
  const char *s = tigetstr(capability);
  if (!s || s == (char *)-1) return;
  while (*s) {
    const char *pad = s[0] == '$' && s[1] == '<' ? strchr(s, '>') : NULL;
    if (pad) s = pad + 1;
    else g_string_append_c(to, *s++);
  }
}

static bool knows_xterm(void) {
  const char *name = getenv("TERM");
  static const char *const families[] = {"xterm", "tmux", "screen", "rxvt", "foot", "alacritty"};
  for (size_t i = 0; name && i < G_N_ELEMENTS(families); i++)
    if (g_str_has_prefix(name, families[i])) return true;
  return false;
}

static void make_restore(Term *term) {
  term->restore = g_string_new(NULL);
  add_capability(term->restore, "sgr0");
  add_capability(term->restore, "rmkx");
  add_capability(term->restore, "cnorm");
  add_capability(term->restore, "rmcup");
  if (term->xterm) g_string_append_printf(term->restore, TERM_TELL_SCHEME_OFF "\033[23;2t%s", paste_off);
  g_string_append(term->restore, "\r\n");
}

static void set_up_input(void) {
  raw(); /* Ctrl-C, Ctrl-Z, Ctrl-S reach us as keys */
  noecho();
  nonl();
  intrflush(stdscr, FALSE);
  keypad(stdscr, TRUE);
  nodelay(stdscr, TRUE);
  set_escdelay(25);
  define_key("\033[200~", CODE_PASTE_BEGIN);
  define_key("\033[201~", CODE_PASTE_END);
  curs_set(0);
}

/* Without a terminal any description will do that knows colours. */
static SCREEN *open_headless(Term *term) {
  static const char *const fallbacks[] = {NULL, "xterm-256color", "xterm", "linux", "vt100", "ansi", "dumb"};
  term->out = fopen("/dev/null", "we");
  term->in = fopen("/dev/null", "re");
  if (!term->out || !term->in) return NULL;
  use_env(FALSE);
  SCREEN *screen = NULL;
  for (size_t i = 0; i < G_N_ELEMENTS(fallbacks) && !screen; i++) screen = newterm(fallbacks[i], term->out, term->in);
  return screen;
}

static SCREEN *open_tty(GError **error) {
  if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
    g_set_error_literal(error, COPSE_ERROR, COPSE_ERROR_USAGE,
                        "the interface needs a terminal; copse --help lists the commands that do "
                        "without one");
    return NULL;
  }
  /* A shell that exports these would pin the size: curses prefers them to the window's own. */
  unsetenv("LINES");
  unsetenv("COLUMNS");
  use_tioctl(TRUE);
  SCREEN *screen = newterm(NULL, stdout, stdin);
  const char *cup = screen ? tigetstr("cup") : NULL;
  if (cup && cup != (char *)-1) return screen;
  if (screen) {
    endwin();
    delscreen(screen);
  }
  const char *name = getenv("TERM");
  g_autofree char *shown = safe_text(name ? name : "", -1);
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_UNSUPPORTED,
              "TERM=%s cannot show the interface; copse --help lists the commands that do without", shown);
  return NULL;
}

static void send(Term *term, const char *bytes) {
  if (term->headless) return;
  fputs(bytes, stdout);
  fflush(stdout);
}

/* What is pasted must not press keys: the terminal is asked to mark it. */
static void set_paste(Term *term, bool on) {
  if (term->xterm) send(term, on ? paste_on : paste_off);
}

/* Asks what it is like and goes on: the answers come among the keys, some day or never. */
static void ask(Term *term) {
  if (!term->xterm) return;
  send(term, TERM_ASK_BACKGROUND TERM_ASK_SYNCHRONISED TERM_TELL_SCHEME_ON);
  term->asked = g_get_monotonic_time();
}

/* An answer that is still owed must not be typed into whatever has the terminal next. */
static void drain(Term *term) {
  enum { PATIENCE = 60, OWED = G_USEC_PER_SEC };
  if (!term->asked || g_get_monotonic_time() - term->asked > OWED) return;
  struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
  if (poll(&in, 1, PATIENCE) > 0) flushinp();
  term->asked = 0;
}

Term *term_open(const TermOptions *options, GError **error) {
  Term *term = g_new0(Term, 1);
  term->headless = options->headless;
  term->ascii = !locale_is_utf8() || options->ascii;
  term->scheme = SCHEME_MONO;
  term->anew = true;
  term->shown = cells_new(1, 1, term->ascii);
  if (!options->headless) term->screen = open_tty(error);
  else if (!options->uncursed) term->screen = open_headless(term);
  if (!term->screen && !options->headless) {
    term_close(term);
    return NULL;
  }
  if (options->coloured) {
    memcpy(term->coloured, options->coloured, sizeof term->coloured);
    memcpy(term->looks, options->looks, sizeof term->looks);
  }
  if (term->screen) {
    set_up_input();
    set_up_styles(term, options->theme);
    term->xterm = !options->headless && knows_xterm();
    make_restore(term);
    set_paste(term, true);
    term->chooses = follows_terminal(term, options->theme);
    ask(term);
  }
  if (options->headless)
    term_resize(term, options->columns ? options->columns : 80, options->rows ? options->rows : 24);
  return term;
}

void term_close(Term *term) {
  if (!term) return;
  if (term->screen) {
    term_set_mouse(term, false);
    if (term->xterm) send(term, TERM_TELL_SCHEME_OFF "\033[23;2t");
    set_paste(term, false);
    drain(term);
    endwin();
    delscreen(term->screen);
  }
  if (term->out) fclose(term->out);
  if (term->in) fclose(term->in);
  if (term->restore) g_string_free(term->restore, TRUE);
  term_reply_clear(&term->reply);
  cells_free(term->shown);
  g_free(term);
}

bool term_is_ascii(const Term *term) { return term->ascii; }
Scheme term_scheme(const Term *term) { return term->scheme; }
int term_fd(const Term *term) { return term->headless ? -1 : STDIN_FILENO; }

const char *term_restore_bytes(const Term *term, gsize *n) {
  *n = term->restore ? term->restore->len : 0;
  return term->restore ? term->restore->str : "";
}

void term_size(const Term *term, int *columns, int *rows) {
  bool own = term->headless || !term->screen;
  *columns = own ? term->shown->columns : COLS;
  *rows = own ? term->shown->rows : LINES;
}

void term_resize(Term *term, int columns, int rows) {
  cells_resize(term->shown, columns, rows);
  if (term->screen) resizeterm(term->shown->rows, term->shown->columns);
  term->anew = true;
}

static void set_up_scheme(Term *term, const char *theme) {
  set_up_styles(term, theme);
  term_redraw(term);
}

/* What the terminal has told of itself; UIKEY_RESIZE when it looks different now. */
static Key heed(Term *term, ReplyMeaning meaning) {
  if (meaning == REPLY_SYNCHRONISED) term->synchronised = true;
  if (meaning != REPLY_DARK && meaning != REPLY_LIGHT) return UIKEY_NONE;
  Scheme scheme = meaning == REPLY_LIGHT ? SCHEME_LIGHT : SCHEME_DARK;
  term->asked = 0;
  if (!term->chooses || scheme == term->scheme) return UIKEY_NONE;
  set_up_scheme(term, scheme == SCHEME_LIGHT ? "light" : "dark");
  return UIKEY_RESIZE;
}

/* Goes on with an answer as far as it has come. */
static Key take_reply(Term *term) {
  wint_t c = 0;
  ReplyMeaning meaning = REPLY_NOTHING;
  while (term->reply.text) {
    int kind = get_wch(&c);
    if (kind == ERR) {
      term_reply_expire(&term->reply, g_get_monotonic_time());
      return UIKEY_NONE;
    }
    if (term_reply_take(&term->reply, (gunichar)c, g_get_monotonic_time(), &meaning)) break;
  }
  return heed(term, meaning);
}

/* True when Esc and c begin an answer: no key sends Esc [ ?, and Esc ] only while one is owed. */
static bool begins_reply(const Term *term, wint_t c) {
  wint_t next = 0;
  if (c == ']') return term->asked != 0;
  if (c != '[' || get_wch(&next) != OK) return false;
  unget_wch((wchar_t)next);
  return next == '?';
}

/* Terminals send Alt with a digit as Esc and the digit, at once; any other key after Esc is one of its own. */
static Key after_escape(Term *term) {
  wint_t c = 0;
  int kind = get_wch(&c);
  if (kind == OK && term_reply_begins((gunichar)c) && begins_reply(term, c)) {
    term_reply_begin(&term->reply, (gunichar)c, g_get_monotonic_time());
    return take_reply(term);
  }
  if (kind == OK && c >= '0' && c <= '9') return UIKEY_ALT_0 + (Key)(c - '0');
  if (kind == OK) unget_wch((wchar_t)c);
  if (kind == KEY_CODE_YES) ungetch((int)c);
  return UIKEY_ESC;
}

Key term_read(Term *term) {
  if (term->headless || !term->screen) return UIKEY_NONE;
  for (;;) {
    wint_t c = 0;
    if (term->reply.text) {
      Key key = take_reply(term);
      if (key != UIKEY_NONE || term->reply.text) return key;
    }
    int kind = get_wch(&c);
    if (kind == ERR) return UIKEY_NONE;
    Key key = kind == KEY_CODE_YES ? term_key(c) : (Key)c;
    if (kind == KEY_CODE_YES && c == KEY_MOUSE) return UIKEY_MOUSE;
    if (key == UIKEY_ESC && kind == OK) {
      key = after_escape(term);
      if (key == UIKEY_NONE && !term->reply.text) continue;
      return key;
    }
    if (key == '\n') key = UIKEY_ENTER;
    if (key == 8) key = UIKEY_BACKSPACE;
    if (key != UIKEY_NONE) return key;
  }
}

static void paint_cell(const Term *term, int x, int y, const Cell *at) {
  wchar_t text[CELL_MARKS + 2] = {(wchar_t)at->c};
  for (int i = 0; i < CELL_MARKS && at->marks[i]; i++) text[i + 1] = (wchar_t)at->marks[i];
  cchar_t value;
  if (setcchar(&value, text, term->attributes[at->style], term->pairs[at->style], NULL) == OK) mvadd_wch(y, x, &value);
}

static bool cell_equal(const Cell *a, const Cell *b) {
  return a->c == b->c && a->style == b->style && a->width == b->width &&
         memcmp(a->marks, b->marks, sizeof a->marks) == 0;
}

/* A wide character is painted when either of its halves has changed. */
static bool paint_row(Term *term, const Cells *cells, int y) {
  bool painted = false;
  for (int x = 0; x < cells->columns; x++) {
    const Cell *now = cells_at(cells, x, y);
    if (!now->width) continue;
    bool same = !term->anew && cell_equal(now, cells_at(term->shown, x, y));
    if (same && now->width == 2 && x + 1 < cells->columns)
      same = cell_equal(cells_at(cells, x + 1, y), cells_at(term->shown, x + 1, y));
    if (same) continue;
    paint_cell(term, x, y, now);
    painted = true;
  }
  return painted;
}

static void place_cursor(const Cells *cells) {
  curs_set(cells->typing ? 1 : 0);
  if (cells->cursor_x >= 0) move(cells->cursor_y, MIN(cells->cursor_x, cells->columns - 1));
}

void term_paint(Term *term, const Cells *cells) {
  if (term->shown->columns != cells->columns || term->shown->rows != cells->rows) {
    cells_resize(term->shown, cells->columns, cells->rows);
    term->anew = true;
  }
  if (term->screen) {
    if (term->anew) erase();
    int painted = 0;
    for (int y = 0; y < cells->rows; y++) painted += paint_row(term, cells, y);
    place_cursor(cells);
    /* A frame of a row or two needs no holding back, and would cost more than it sends. */
    bool hold = term->synchronised && painted > HOLD_FROM;
    if (hold) send(term, TERM_FRAME_BEGIN);
    refresh();
    if (hold) send(term, TERM_FRAME_END);
  }
  memcpy(term->shown->cells, cells->cells, sizeof(Cell) * (size_t)cells->columns * (size_t)cells->rows);
  term->anew = false;
}

void term_redraw(Term *term) {
  term->anew = true;
  if (term->screen) clearok(stdscr, TRUE);
}

/* The size may have changed while another program had the terminal. */
static void take_size(void) {
  struct winsize size;
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || !size.ws_row || !size.ws_col) return;
  if (size.ws_row != LINES || size.ws_col != COLS) resizeterm(size.ws_row, size.ws_col);
}

void term_leave(Term *term) {
  if (term->headless || !term->screen) return;
  if (term->mouse) mousemask(0, NULL);
  if (term->xterm) send(term, TERM_TELL_SCHEME_OFF);
  set_paste(term, false);
  drain(term);
  endwin();
}

void term_return(Term *term) {
  if (term->headless || !term->screen) return;
  take_size();
  set_paste(term, true);
  if (term->chooses) ask(term);
  if (term->mouse) term_set_mouse(term, true);
  term_redraw(term);
}

void term_suspend(Term *term) {
  if (term->headless || !term->screen) return;
  struct sigaction stop = {.sa_handler = SIG_DFL}, before;
  term_leave(term);
  sigaction(SIGTSTP, &stop, &before);
  kill(0, SIGTSTP);
  sigaction(SIGTSTP, &before, NULL);
  term_return(term);
}

void term_set_theme(Term *term, const char *theme) {
  if (!term->screen) return;
  term->chooses = follows_terminal(term, theme);
  set_up_scheme(term, strcmp(theme, "auto") == 0 ? NULL : theme);
  if (term->chooses) ask(term);
}

bool term_copy(Term *term, const char *text) {
  enum { MOST = 100000 }; /* of the sequence: what common terminals take */
  g_autofree char *coded = g_base64_encode((const guchar *)text, strlen(text));
  if (term->headless || !term->screen || strlen(coded) > MOST) return false;
  g_autofree char *bytes = g_strconcat("\033]52;c;", coded, "\007", NULL);
  send(term, bytes);
  return true;
}

void term_set_mouse(Term *term, bool on) {
  if (term->headless || !term->screen) return;
  if (!on && !term->mouse) return;
  term->mouse = on;
  mouseinterval(200);
  mousemask(on ? BUTTON1_CLICKED | BUTTON1_PRESSED | BUTTON1_DOUBLE_CLICKED | BUTTON4_PRESSED | BUTTON5_PRESSED : 0,
            NULL);
}

MouseEvent term_mouse(Term *term, int *x, int *y) {
  MEVENT event;
  if (term->headless || !term->screen || getmouse(&event) != OK) return MOUSE_NOTHING;
  *x = event.x, *y = event.y;
  if (event.bstate & BUTTON1_DOUBLE_CLICKED) return MOUSE_DOUBLE;
  if (event.bstate & (BUTTON1_CLICKED | BUTTON1_PRESSED)) return MOUSE_CLICK;
  if (event.bstate & BUTTON4_PRESSED) return MOUSE_WHEEL_UP;
  return event.bstate & BUTTON5_PRESSED ? MOUSE_WHEEL_DOWN : MOUSE_NOTHING;
}

void term_title(Term *term, const char *title) {
  if (!term->xterm) return;
  g_autofree char *safe = safe_text(title, -1);
  g_autofree char *bytes = g_strdup_printf("\033[22;2t\033]2;%s\007", safe);
  send(term, bytes);
}

char *term_dump(const Term *term) { return term->screen ? term_dump_screen() : g_strdup(""); }
