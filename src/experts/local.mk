noinst_LIBRARIES += libcopse-experts.a
libcopse_experts_a_SOURCES = \
	src/experts/align.c src/experts/align.h \
	src/experts/baseline.c src/experts/baseline.h \
	src/experts/calibration.c src/experts/calibration.h \
	src/experts/checkpoint.c \
	src/experts/classify.c src/experts/classify.h \
	src/experts/compress.c src/experts/compress.h \
	src/experts/dense_store.c src/experts/dense_store.h \
	src/experts/ensemble.c src/experts/ensemble.h \
	src/experts/evaluation.c src/experts/evaluation.h \
	src/experts/evaluation_bench.c src/experts/evaluation_bench.h \
	src/experts/evaluation_neighbours.c \
	src/experts/expert.c src/experts/expert.h \
	src/experts/gram.c src/experts/gram.h \
	src/experts/label_list.c src/experts/label_list.h \
	src/experts/layer_set.c src/experts/layer_set.h \
	src/experts/objective.c src/experts/objective.h \
	src/experts/oneclass.c src/experts/oneclass.h \
	src/experts/prediction.c src/experts/prediction.h \
	src/experts/preset.c src/experts/preset.h \
	src/experts/probex.c src/experts/probex.h \
	src/experts/probex_pass.c src/experts/probex_pass.h \
	src/experts/probex_reference.c \
	src/experts/representation.c src/experts/representation.h \
	src/experts/ridge.c src/experts/ridge.h \
	src/experts/score.c src/experts/score.h \
	src/experts/statistics.c src/experts/statistics.h \
	src/experts/sweep.c src/experts/sweep.h \
	src/experts/task.c src/experts/task.h \
	src/experts/train.c src/experts/train.h \
	src/experts/train_loop.c src/experts/train_resume.c src/experts/train_run.h
