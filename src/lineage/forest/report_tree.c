/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/forest/report_tree.h"

#include "core/text.h"
#include "lineage/forest/outline.h"

/* clang-format off */
const char report_tree_script[] =
    "const trees=(()=>{\n"
    "  const svg=document.getElementById('trees'),box=svg.parentNode;\n"
    "  const row=+svg.dataset.row,step=+svg.dataset.step,most=+svg.dataset.most,over={at:-1},above=[over];\n"
    "  const rows=[...svg.querySelectorAll('g')].map(g=>{\n"
    "    const level=+g.getAttribute('aria-level'),kin=g.hasAttribute('aria-expanded');\n"
    "    const r={g,level,kin,up:above[level-1]||over,open:true,found:true,text:g.textContent.toLowerCase()};\n"
    "    above[level]=r;return r});\n"
    "  const of=new Map(rows.map(r=>[r.g,r]));\n"
    "  let here=rows[0],shown=[],from=-1,to=-1;\n"
    /* Where each row stands, how many siblings it has and which is the next of them. */
    "  function lay(){let closed=Infinity;shown=[];over.kids=0;\n"
    "    for(const r of rows){\n"
    "      r.at=-1;if(r.level<=closed)closed=Infinity;if(!r.found||r.level>closed)continue;\n"
    "      if(!r.open)closed=r.level;\n"
    "      r.kids=0;r.next=null;r.place=++r.up.kids;if(r.place>1)r.up.last.next=r;r.up.last=r;\n"
    "      r.at=shown.push(r)-1}\n"
    "    const height=(shown.length+1)*row;svg.setAttribute('height',height);\n"
    "    svg.setAttribute('viewBox','0 0 '+svg.getAttribute('width')+' '+height);\n"
    "    if(here&&here.at<0)here=shown[0]||rows[0];draw(true)}\n"
    "  function dress(r){const y=(r.at+1)*row,line=r.g.querySelector('path');r.g.tabIndex=r===here?0:-1;\n"
    "    r.g.setAttribute('aria-posinset',r.place);r.g.setAttribute('aria-setsize',r.up.kids);\n"
    "    r.g.setAttribute('transform','translate('+Math.min(r.level,most)*step+' '+y+')');\n"
    "    if(line)line.setAttribute('d','M-11 '+((r.up.at+1)*row-y+7)+'V-6Q-11 0-5 0H-3');\n"
    "    if(!r.kin||r.drawn===r.open)return;\n"
    "    r.drawn=r.open;r.g.setAttribute('aria-expanded',r.open);\n"
    "    r.g.querySelector('.f').textContent=r.open?'\\u25be ':'\\u25b8 '}\n"
    /* The rows in sight, the one that has the keys, and those below whose lines pass by. */
    "  function draw(anew){\n"
    "    const[a,b]=sight.span(box,row,shown.length);if(!anew&&a===from&&b===to)return;\n"
    "    from=a;to=b;const list=shown.slice(a,b),keys=here&&document.activeElement===here.g;\n"
    "    for(let r=b<shown.length&&shown[b-1];r&&r!==over;r=r.up)if(r.next&&r.next.at>=b)list.push(r.next);\n"
    "    if(here&&here.at>=0&&!list.includes(here))list.push(here);\n"
    "    list.sort((x,y)=>x.at-y.at).forEach(dress);svg.replaceChildren(...list.map(r=>r.g));\n"
    "    if(keys)here.g.focus({preventScroll:true})}\n"
    "  function stand(r){if(!r||r===here)return;here.g.tabIndex=-1;here=r;draw(true)}\n"
    "  const at=e=>of.get(e.target.closest('g'));\n"
    "  const turn=(r,on)=>{if(r.kin){r.open=on;lay()}};\n"
    "  svg.addEventListener('click',e=>{const r=at(e);if(r){stand(r);turn(r,!r.open)}});\n"
    "  svg.addEventListener('keydown',e=>{const r=at(e);if(!r)return;let to=null;\n"
    "    switch(e.key){\n"
    "    case'Enter':case' ':turn(r,!r.open);break;\n"
    "    case'ArrowLeft':if(r.kin&&r.open)turn(r,false);else to=r.up;break;\n"
    "    case'ArrowRight':if(r.kin&&!r.open)turn(r,true);else if(r.kin)to=shown[r.at+1];break;\n"
    "    case'ArrowDown':to=shown[r.at+1];break;case'ArrowUp':to=shown[r.at-1];break;\n"
    "    case'Home':to=shown[0];break;case'End':to=shown[shown.length-1];break;\n"
    "    default:return}\n"
    "    e.preventDefault();if(to&&to!==over){stand(to);to.g.focus()}});\n"
    "  if(rows.length>sight.few)sight.watch(box,draw);\n"
    "  lay();svg.classList.add('on');\n"
    "  return{fold(on){rows.forEach(r=>r.open=on);sight.top(box);lay()},\n"
    "    search(words){const need=[];\n"
    "      for(let i=rows.length;i-->0;){const r=rows[i];\n"
    "        r.found=words.every(w=>r.text.includes(w))||!!need[r.level+1];\n"
    "        need.length=r.level+1;need[r.level]=need[r.level]||r.found}\n"
    "      sight.top(box);lay()}}\n"
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
