/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/forest/report_tree.h"

#include "lineage/forest/outline.h"

const char report_tree_script[] =
    "const trees=(()=>{\n"
    "  const svg=document.getElementById('trees'),row=+svg.dataset.row,step=+svg.dataset.step,most=+svg.dataset.most;\n"
    "  const rows=[...svg.querySelectorAll('g')].map(g=>({g,level:+g.getAttribute('aria-level'),found:true,\n"
    "    text:g.textContent.toLowerCase()}));\n"
    "  const open=r=>r.g.getAttribute('aria-expanded')!=='false';\n"
    "  function lay(){let y=0,closed=Infinity;const above=[];\n"
    "    for(const r of rows){\n"
    "      if(r.level<=closed)closed=Infinity;\n"
    "      const show=r.found&&r.level<=closed;r.g.style.display=show?'':'none';\n"
    "      if(!show)continue;\n"
    "      y+=row;above[r.level]=y;if(!open(r))closed=r.level;\n"
    "      r.g.setAttribute('transform','translate('+Math.min(r.level,most)*step+' '+y+')');\n"
    "      const line=r.g.querySelector('path');\n"
    "      if(line)line.setAttribute('d','M-10 '+((above[r.level-1]||y-row)-y+6)+'V0H-3');\n"
    "    }svg.setAttribute('height',y+row)}\n"
    "  function set(r,on){if(!r.g.hasAttribute('aria-expanded'))return;r.g.setAttribute('aria-expanded',on);\n"
    "    r.g.querySelector('.f').textContent=on?'\\u25be ':'\\u25b8 '}\n"
    "  const at=e=>rows.find(r=>r.g===e.target.closest('g'));\n"
    "  svg.addEventListener('click',e=>{const r=at(e);if(r){set(r,!open(r));lay()}});\n"
    "  svg.addEventListener('keydown',e=>{const r=at(e);if(!r)return;\n"
    "    const on={Enter:!open(r),' ':!open(r),ArrowLeft:false,ArrowRight:true}[e.key];\n"
    "    if(on===undefined)return;e.preventDefault();set(r,on);lay()});\n"
    "  return{fold(on){rows.forEach(r=>set(r,on));lay()},\n"
    "    search(words){const need=[];\n"
    "      for(let i=rows.length;i-->0;){const r=rows[i];\n"
    "        r.found=words.every(w=>r.text.includes(w))||!!need[r.level+1];\n"
    "        need.length=r.level+1;need[r.level]=need[r.level]||r.found}lay()}}\n"
    "})();\n"
    "document.getElementById('fold').addEventListener('click',()=>trees.fold(false));\n"
    "document.getElementById('unfold').addEventListener('click',()=>trees.fold(true));\n";

static void add_safe(GString *s, const char *text) {
  g_autofree char *safe = g_markup_escape_text(text, -1);
  g_string_append(s, safe);
}

static void add_text(GString *s, const ForestNode *n, bool parent) {
  g_autofree char *edge = outline_edge_text(n);
  g_string_append(s, "<text y=5>");
  if (parent) g_string_append(s, "<tspan class=f>▾ </tspan>");
  add_safe(s, n->name);
  if (*edge || !n->model) {
    g_string_append(s, "<tspan class=d> ");
    if (!n->model) g_string_append(s, "not on this disk ");
    add_safe(s, edge);
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
                         parent ? " aria-expanded=true tabindex=0" : "", MIN(level, (int)REPORT_DEEPEST) * REPORT_STEP,
                         (at + 1) * REPORT_ROW);
  if (depth) {
    int up = (int)(at - g_array_index(above, guint, depth)) * REPORT_ROW;
    g_string_append_printf(s, "<path d=\"M-10 %dV0H-3\"/>", 6 - up);
  }
  add_text(s, forest_node(f, row->node), parent);
  g_string_append(s, "</g>\n");
}

void report_tree_svg(GString *s, const Forest *f) {
  enum { WIDTH = 1800 };
  OutlineOptions all = {0};
  g_autoptr(GArray) rows = outline_rows(f, &all);
  g_autoptr(GArray) above = g_array_new(FALSE, TRUE, sizeof(guint));
  g_string_append_printf(s,
                         "<svg id=\"trees\" role=\"tree\" aria-label=\"Trees\" width=\"%d\" height=\"%u\" "
                         "data-row=\"%d\" data-step=\"%d\" data-most=\"%d\">\n",
                         WIDTH, (rows->len + 1) * REPORT_ROW, REPORT_ROW, REPORT_STEP, REPORT_DEEPEST);
  for (guint i = 0; i < rows->len; i++) add_row(s, f, &g_array_index(rows, OutlineRow, i), i, above);
  g_string_append(s, "</svg>\n");
}
