noinst_LIBRARIES += libcopse-bench.a
libcopse_bench_a_SOURCES = \
	src/bench/clock.c src/bench/clock.h \
	src/bench/floors.c src/bench/floors.h \
	src/bench/train_step.c src/bench/train_step.h
