EXTRA_PROGRAMS = tests/bench/bench tests/bench/lineage-report
tests_bench_bench_SOURCES = tests/bench/bench.c \
	tests/bench/clock.c tests/bench/clock.h \
	tests/bench/floors.c tests/bench/floors.h \
	tests/bench/train_step.c tests/bench/train_step.h
tests_bench_bench_LDADD = $(experts_libs)
EXTRA_DIST += tests/bench/probex_torch.py

tests_bench_lineage_report_SOURCES = tests/bench/lineage_report.c \
	tests/bench/lineage_score.c tests/bench/lineage_score.h
tests_bench_lineage_report_LDADD = libcopse-jungle.a $(lineage_libs)

# How well lineage recovers planted woods: three seeds, about half a minute.
lineage-report: tests/bench/lineage-report$(EXEEXT)
	tests/bench/lineage-report$(EXEEXT)
.PHONY: lineage-report

bench: tests/bench/bench$(EXEEXT)
	tests/bench/bench$(EXEEXT)
	@if python3 -c 'import torch' 2>/dev/null; then python=python3; else python=/usr/bin/python3; fi; \
	if $$python -c 'import torch' 2>/dev/null; then $$python $(srcdir)/tests/bench/probex_torch.py; \
	else echo 'no python3 with torch: no comparison with PyTorch'; fi
.PHONY: bench
