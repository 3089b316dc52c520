/* SPDX-License-Identifier: Apache-2.0 */
/* What curses believes to be on screen, read back for tests. */
#pragma once

/* Text, and then the attributes of each row. The caller frees it. */
char *term_dump_screen(void);
