noinst_LIBRARIES += libcopse-work.a
libcopse_work_a_SOURCES = \
	src/work/worker.c src/work/worker.h
