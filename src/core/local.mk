noinst_LIBRARIES += libcopse-core.a
libcopse_core_a_SOURCES = \
	src/core/adam.c src/core/adam.h \
	src/core/error.c src/core/error.h \
	src/core/files.c src/core/files.h \
	src/core/json.c src/core/json.h \
	src/core/json_reader.c src/core/json_reader.h \
	src/core/linalg.c src/core/linalg.h \
	src/core/parallel.c src/core/parallel.h \
	src/core/progress.c src/core/progress.h \
	src/core/rng.c src/core/rng.h \
	src/core/simd.h \
	src/core/source.c src/core/source.h \
	src/core/text.c src/core/text.h
