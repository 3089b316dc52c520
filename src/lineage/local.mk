noinst_LIBRARIES += libcopse-lineage.a
libcopse_lineage_a_SOURCES = \
	src/lineage/absent.c src/lineage/absent.h \
	src/lineage/arborescence.c src/lineage/arborescence.h \
	src/lineage/berth.c \
	src/lineage/builder.h \
	src/lineage/card_check.c src/lineage/card_check.h \
	src/lineage/claims.c \
	src/lineage/content_hash.c src/lineage/content_hash.h \
	src/lineage/copies.c \
	src/lineage/declared.c src/lineage/declared.h \
	src/lineage/direction.c src/lineage/direction.h \
	src/lineage/export.c src/lineage/export.h \
	src/lineage/fit.c src/lineage/fit.h \
	src/lineage/forest.c src/lineage/forest.h \
	src/lineage/forest_text.c src/lineage/forest_text.h \
	src/lineage/forest_build.c src/lineage/forest_make.h \
	src/lineage/gguf_names.c src/lineage/gguf_names.h \
	src/lineage/grid.c src/lineage/grid.h \
	src/lineage/kin_table.c src/lineage/kin_table.h \
	src/lineage/kinship.c src/lineage/kinship.h \
	src/lineage/merges.c src/lineage/merges.h \
	src/lineage/model_diff.c src/lineage/model_diff.h \
	src/lineage/moments.c src/lineage/moments.h \
	src/lineage/mother.c src/lineage/mother.h \
	src/lineage/other_tensors.c src/lineage/other_tensors.h \
	src/lineage/outline.c src/lineage/outline.h \
	src/lineage/pedigree.c src/lineage/pedigree.h \
	src/lineage/phylogram.c src/lineage/phylogram.h \
	src/lineage/projection.c src/lineage/projection.h \
	src/lineage/route.c src/lineage/route.h \
	src/lineage/sketch.c src/lineage/sketch.h \
	src/lineage/sketch_pack.c \
	src/lineage/sketch_store.c src/lineage/sketch_store.h \
	src/lineage/spanning.c src/lineage/spanning.h \
	src/lineage/tree_build.c
