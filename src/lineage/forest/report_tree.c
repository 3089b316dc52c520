/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/forest/report_tree.h"

#include "core/text.h"
#include "lineage/forest/outline.h"

/* clang-format off */
const char report_tree_script[] =
    "const trees=(()=>{\n"
    "  const svg=document.getElementById('trees'),row=+svg.dataset.row,step=+svg.dataset.step,most=+svg.dataset.most;\n"
    "  const rows=[...svg.querySelectorAll('g')].map(g=>({g,level:+g.getAttribute('aria-level'),found:true,\n"
    "    text:g.textContent.toLowerCase()}));\n"
    "  const open=r=>r.g.getAttribute('aria-expanded')!=='false',shown=r=>r.g.style.display!=='none';\n"
    "  let here=rows[0];\n"
    "  function stand(r){if(!r)return;here.g.tabIndex=-1;here=r;r.g.tabIndex=0}\n"
    "  function lay(){let y=0,closed=Infinity;const above=[];\n"
    "    for(const r of rows){\n"
    "      if(r.level<=closed)closed=Infinity;\n"
    "      const show=r.found&&r.level<=closed;r.g.style.display=show?'':'none';\n"
    "      if(!show)continue;\n"
    "      y+=row;above[r.level]=y;if(!open(r))closed=r.level;\n"
    "      r.g.setAttribute('transform','translate('+Math.min(r.level,most)*step+' '+y+')');\n"
    "      const line=r.g.querySelector('path');\n"
    "      if(line)line.setAttribute('d','M-11 '+((above[r.level-1]||y-row)-y+7)+'V-6Q-11 0-5 0H-3');\n"
    "    }svg.setAttribute('height',y+row);svg.setAttribute('viewBox','0 0 '+svg.getAttribute('width')+' '+(y+row));\n"
    "    if(here&&!shown(here))stand(rows.find(shown))}\n"
    "  function set(r,on){if(!r.g.hasAttribute('aria-expanded'))return;r.g.setAttribute('aria-expanded',on);\n"
    "    r.g.querySelector('.f').textContent=on?'\\u25be ':'\\u25b8 '}\n"
    "  const at=e=>rows.find(r=>r.g===e.target.closest('g'));\n"
    "  function next(r,by){let i=rows.indexOf(r);do i+=by;while(rows[i]&&!shown(rows[i]));return rows[i]}\n"
    "  function parent(r){let i=rows.indexOf(r);while(i>=0&&rows[i].level>=r.level)i--;return rows[i]}\n"
    "  svg.addEventListener('click',e=>{const r=at(e);if(r){stand(r);set(r,!open(r));lay()}});\n"
    "  svg.addEventListener('keydown',e=>{const r=at(e),kin=r&&r.g.hasAttribute('aria-expanded');if(!r)return;let to=null;\n"
    "    switch(e.key){\n"
    "    case'Enter':case' ':set(r,!open(r));break;\n"
    "    case'ArrowLeft':if(kin&&open(r))set(r,false);else to=parent(r);break;\n"
    "    case'ArrowRight':if(kin&&!open(r))set(r,true);else if(kin)to=next(r,1);break;\n"
    "    case'ArrowDown':to=next(r,1);break;case'ArrowUp':to=next(r,-1);break;\n"
    "    case'Home':to=rows.find(shown);break;case'End':to=[...rows].reverse().find(shown);break;\n"
    "    default:return}\n"
    "    e.preventDefault();if(to){stand(to);to.g.focus()}else lay()});\n"
    "  rows.forEach(r=>r.g.tabIndex=-1);stand(here);\n"
    "  return{fold(on){rows.forEach(r=>set(r,on));lay()},\n"
    "    search(words){const need=[];\n"
    "      for(let i=rows.length;i-->0;){const r=rows[i];\n"
    "        r.found=words.every(w=>r.text.includes(w))||!!need[r.level+1];\n"
    "        need.length=r.level+1;need[r.level]=need[r.level]||r.found}lay()}}\n"
    "})();\n"
    "document.getElementById('fold').addEventListener('click',()=>trees.fold(false));\n"
    "document.getElementById('unfold').addEventListener('click',()=>trees.fold(true));\n";
/* clang-format on */

static void add_text(GString *s, const ForestNode *n, bool parent) {
  g_autofree char *edge = outline_edge_text(n);
  g_string_append_printf(s, "<text y=5%s%s>", n->parents->len ? "" : " class=r", n->model ? "" : " font-style=italic");
  if (parent) g_string_append(s, "<tspan class=f>▾ </tspan>");
  text_append_markup(s, n->name);
  if (*edge || !n->model) {
    g_string_append(s, "<tspan class=d>  ");
    if (!n->model) g_string_append(s, "not on this disk ");
    text_append_markup(s, edge);
    g_string_append(s, "</tspan>");
  }
  if (n->card_conflict) g_string_append(s, "<tspan class=w> the card names another parent</tspan>");
  if (n->duplicate_of >= 0) g_string_append(s, "<tspan class=w> a copy</tspan>");
  g_string_append(s, "</text>");
}

/* `above` holds the last row of each level that was drawn. */
static void add_row(GString *s, const Forest *f, const OutlineRow *row, guint at, GArray *above) {
  const int depth = row->depth, level = depth + 1;
  const bool parent = row->descendants > 0;
  g_array_set_size(above, (guint)level + 1);
  g_array_index(above, guint, level) = at;
  g_string_append_printf(s, "<g role=treeitem aria-level=%d%s transform=\"translate(%d %u)\">", level,
                         parent ? " aria-expanded=true" : "", MIN(level, (int)REPORT_DEEPEST) * REPORT_STEP,
                         (at + 1) * REPORT_ROW);
  if (depth) {
    int up = (int)(at - g_array_index(above, guint, depth)) * REPORT_ROW;
    g_string_append_printf(s, "<path d=\"M-11 %dV-6Q-11 0-5 0H-3\"/>", 7 - up);
  }
  add_text(s, forest_node(f, row->node), parent);
  g_string_append(s, "</g>\n");
}

/* Pixels that the widest row takes, about. */
static unsigned width_of(const Forest *f, const GArray *rows) {
  enum { LETTER = 8, MARKS = 60, LEAST = 600 };
  unsigned widest = LEAST;
  for (guint i = 0; i < rows->len; i++) {
    const OutlineRow *row = &g_array_index(rows, OutlineRow, i);
    const ForestNode *n = forest_node(f, row->node);
    g_autofree char *edge = outline_edge_text(n);
    unsigned letters = MARKS + (unsigned)(g_utf8_strlen(n->name, -1) + g_utf8_strlen(edge, -1));
    widest = MAX(widest, LETTER * letters + (unsigned)MIN(row->depth, REPORT_DEEPEST) * REPORT_STEP);
  }
  return widest;
}

void report_tree_svg(GString *s, const Forest *f) {
  OutlineOptions all = {0};
  g_autoptr(GArray) rows = outline_rows(f, &all);
  g_autoptr(GArray) above = g_array_new(FALSE, TRUE, sizeof(guint));
  const unsigned width = width_of(f, rows), height = (rows->len + 1) * REPORT_ROW;
  g_string_append_printf(s,
                         "<svg id=\"trees\" role=\"tree\" aria-label=\"Trees\" width=\"%u\" height=\"%u\" "
                         "viewBox=\"0 0 %u %u\" data-row=\"%d\" data-step=\"%d\" data-most=\"%d\">\n",
                         width, height, width, height, REPORT_ROW, REPORT_STEP, REPORT_DEEPEST);
  for (guint i = 0; i < rows->len; i++) add_row(s, f, &g_array_index(rows, OutlineRow, i), i, above);
  g_string_append(s, "</svg>\n");
}
