EXTRA_PROGRAMS = tests/bench/bench tests/bench/bench-scan tests/bench/reproduce \
	tests/bench/bench-lineage tests/bench/lineage-report
tests_bench_bench_SOURCES = tests/bench/bench.c \
	tests/bench/epoch.c tests/bench/epoch.h tests/bench/row.c tests/bench/row.h
tests_bench_bench_LDADD = libcopse-bench.a $(experts_libs)
EXTRA_DIST += tests/bench/probex_torch.py

bench: tests/bench/bench$(EXEEXT) tests/bench/bench-scan$(EXEEXT) bench-ui
	rm -rf bench-data
	tests/bench/bench$(EXEEXT) bench-data
	tests/bench/bench-scan$(EXEEXT)
	@if python3 -c 'import torch' 2>/dev/null; then python=python3; else python=/usr/bin/python3; fi; \
	if $$python -c 'import torch' 2>/dev/null; then $$python $(srcdir)/tests/bench/probex_torch.py bench-data; \
	else echo 'no python3 with torch: no comparison with PyTorch'; fi
	@rm -rf bench-data
.PHONY: bench

tests_bench_reproduce_SOURCES = tests/bench/reproduce.c
tests_bench_reproduce_LDADD = libcopse-jungle.a $(experts_libs)

# The paper's claims on planted woods: some twenty minutes on two cores.
reproduce: tests/bench/reproduce$(EXEEXT)
	tests/bench/reproduce$(EXEEXT) reproduce-data >RESULTS.md.new
	mv RESULTS.md.new $(srcdir)/docs/RESULTS.md
.PHONY: reproduce

tests_bench_bench_scan_SOURCES = tests/bench/bench-scan.c \
	tests/bench/row.c tests/bench/row.h tests/bench/wood.c tests/bench/wood.h
tests_bench_bench_scan_LDADD = libcopse-bench.a $(collection_libs)

# The CLIP text tower beside PyTorch, when there is one: shapes of ViT-B/32 and ViT-L/14.
EXTRA_PROGRAMS += tests/bench/bench-clip
tests_bench_bench_clip_SOURCES = tests/bench/bench-clip.c
tests_bench_bench_clip_LDADD = $(text_libs)
EXTRA_DIST += tests/bench/clip_torch.py
check-clip: copse$(EXEEXT) tests/bench/bench-clip$(EXEEXT)
	@if python3 -c 'import torch' 2>/dev/null; then python=python3; else python=/usr/bin/python3; fi; \
	if $$python -c 'import torch' 2>/dev/null; then $$python $(srcdir)/tests/bench/clip_torch.py \
	  ./copse$(EXEEXT) tests/bench/bench-clip$(EXEEXT) $(srcdir)/tests/fixtures/clip; \
	else echo 'no python3 with torch: no comparison with PyTorch'; fi
.PHONY: check-clip

tests_bench_bench_lineage_SOURCES = tests/bench/bench-lineage.c \
	tests/bench/row.c tests/bench/row.h
tests_bench_bench_lineage_LDADD = libcopse-bench.a $(lineage_libs)

bench-lineage: tests/bench/bench-lineage$(EXEEXT)
	tests/bench/bench-lineage$(EXEEXT)
.PHONY: bench-lineage

tests_bench_lineage_report_SOURCES = tests/bench/lineage_report.c \
	tests/bench/lineage_score.c tests/bench/lineage_score.h
tests_bench_lineage_report_LDADD = libcopse-jungle.a $(lineage_libs)

# How well lineage recovers planted woods: six seeds, about a minute.
lineage-report: tests/bench/lineage-report$(EXEEXT)
	tests/bench/lineage-report$(EXEEXT) >RESULTS-lineage.md.new
	mv RESULTS-lineage.md.new $(srcdir)/docs/RESULTS-lineage.md
.PHONY: lineage-report
# The interface in a terminal of its own.
EXTRA_PROGRAMS += tests/bench/bench-ui
tests_bench_bench_ui_SOURCES = tests/bench/bench-ui.c tests/bench/row.c tests/bench/row.h
tests_bench_bench_ui_LDADD = libcopse-bench.a $(collection_libs)
bench-ui: copse$(EXEEXT) tests/bench/bench-ui$(EXEEXT)
	@rm -rf bench-ui-data
	tests/bench/bench-ui$(EXEEXT) ./copse$(EXEEXT) bench-ui-data
	@rm -rf bench-ui-data
.PHONY: bench-ui

# Words and search on planted woods, as docs/SEARCH.md: some five minutes on two cores.
EXTRA_PROGRAMS += tests/bench/fusion-report tests/bench/words-report
scenes_wood = tests/bench/scenes.c tests/bench/scenes.h
search_report_libs = libcopse-jungle.a libcopse-search.a $(experts_libs)
tests_bench_fusion_report_SOURCES = tests/bench/fusion_report.c $(scenes_wood)
tests_bench_fusion_report_LDADD = $(search_report_libs)
tests_bench_words_report_SOURCES = tests/bench/words_report.c $(scenes_wood)
tests_bench_words_report_LDADD = $(search_report_libs)
search-report: tests/bench/fusion-report$(EXEEXT) tests/bench/words-report$(EXEEXT)
	tests/bench/words-report$(EXEEXT) search-data $(srcdir)/tests/fixtures >SEARCH.md.new
	tests/bench/fusion-report$(EXEEXT) search-data >>SEARCH.md.new
	mv SEARCH.md.new $(srcdir)/docs/SEARCH.md
.PHONY: search-report
EXTRA_DIST += docs/SEARCH.md

# tests/bench/bench-query DIR [STATE]: questions on a collection that was trained on.
EXTRA_PROGRAMS += tests/bench/bench-query
tests_bench_bench_query_SOURCES = tests/bench/bench_query.c
tests_bench_bench_query_LDADD = libcopse-search.a $(experts_libs)
