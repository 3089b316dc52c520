noinst_LIBRARIES += libcopse-jungle.a
libcopse_jungle_a_SOURCES = \
	src/jungle/card.c src/jungle/card.h \
	src/jungle/classes.c src/jungle/classes.h \
	src/jungle/classifier.c src/jungle/classifier.h \
	src/jungle/concepts.c src/jungle/concepts.h \
	src/jungle/denoiser.c src/jungle/denoiser.h \
	src/jungle/gguf_out.c src/jungle/gguf_out.h \
	src/jungle/hub.c src/jungle/hub.h \
	src/jungle/learner.c src/jungle/learner.h \
	src/jungle/loss.c src/jungle/loss.h \
	src/jungle/mlp.c src/jungle/mlp.h \
	src/jungle/plant.c src/jungle/plant.h \
	src/jungle/planting.c src/jungle/planting.h \
	src/jungle/scene.c src/jungle/scene.h \
	src/jungle/scenes.c src/jungle/scenes.h \
	src/jungle/truth.c src/jungle/truth.h \
	src/jungle/woods.c src/jungle/woods.h src/jungle/woods_private.h \
	src/jungle/woods_grow.c \
	src/jungle/woods_plan.c \
	src/jungle/woods_write.c \
	src/jungle/world.c src/jungle/world.h
