# Every program and script here runs in `make check` through the TAP driver, so that each
# assertion group is counted; scripts say `ok` and `not ok` themselves.

TEST_LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
LOG_DRIVER      = $(TEST_LOG_DRIVER)
SH_LOG_DRIVER   = $(TEST_LOG_DRIVER)
LOG_COMPILER    = $(SHELL) $(top_srcdir)/tests/run-unit.sh
SH_LOG_COMPILER = $(SHELL)
AM_TESTS_ENVIRONMENT = \
	COPSE=$(abs_top_builddir)/copse; export COPSE; \
	COPSE_TEST_SRCDIR=$(abs_top_srcdir); export COPSE_TEST_SRCDIR; \
	G_TEST_SRCDIR=$(abs_top_srcdir)/tests; export G_TEST_SRCDIR; \
	TSAN_OPTIONS=suppressions=$(abs_top_srcdir)/tests/tsan.supp; export TSAN_OPTIONS; \
	LC_ALL=C.UTF-8; export LC_ALL; TZ=UTC; export TZ;

# Libraries in link order: an arrow that points back in the dependency rule does not link.
core_libs       = libcopse-core.a $(GLIB_LIBS) $(CJSON_LIBS) $(LAPACKE_LIBS) $(BLAS_LIBS)
weights_libs    = libcopse-weights.a $(core_libs) $(ZLIB_LIBS)
collection_libs = libcopse-collection.a $(weights_libs) $(SQLITE_LIBS) $(YAML_LIBS) $(ARCHIVE_LIBS)
lineage_libs    = libcopse-lineage.a $(collection_libs)
experts_libs    = libcopse-experts.a libcopse-text.a $(collection_libs)

ui_libs         = libcopse-ui.a libcopse-work.a libcopse-search.a libcopse-experts.a \
	libcopse-text.a libcopse-lineage.a $(collection_libs) $(CURSES_LIBS) $(MD4C_LIBS)

unit_tests = \
	tests/unit/test-archive \
	tests/unit/test-archive-reader \
	tests/unit/test-baselines \
	tests/unit/test-card \
	tests/unit/test-catalog \
	tests/unit/test-clip \
	tests/unit/test-collection \
	tests/unit/test-core \
	tests/unit/test-diff \
	tests/unit/test-encoders \
	tests/unit/test-evaluation \
	tests/unit/test-experts \
	tests/unit/test-figures \
	tests/unit/test-forest \
	tests/unit/test-formats \
	tests/unit/test-gguf \
	tests/unit/test-jungle \
	tests/unit/test-kin \
	tests/unit/test-labels \
	tests/unit/test-layer \
	tests/unit/test-lineage \
	tests/unit/test-npy \
	tests/unit/test-outline \
	tests/unit/test-pickle \
	tests/unit/test-quant \
	tests/unit/test-question \
	tests/unit/test-safetensors \
	tests/unit/test-shards \
	tests/unit/test-stores \
	tests/unit/test-tokenizer \
	tests/unit/test-torch \
	tests/unit/test-torch-hostile \
	tests/unit/test-torch-state \
	tests/unit/test-ui \
	tests/unit/test-ui-cells \
	tests/unit/test-ui-guests \
	tests/unit/test-ui-keymap \
	tests/unit/test-ui-rescan \
	tests/unit/test-ui-screens \
	tests/unit/test-ui-text \
	tests/unit/test-ui-views \
	tests/unit/test-woods \
	tests/unit/test-words \
	tests/unit/test-worker \
	tests/unit/test-zip
tui_tests = \
	tests/tui/bytes.sh \
	tests/tui/copy.sh \
	tests/tui/crash.sh \
	tests/tui/environment.sh \
	tests/tui/hangup.sh \
	tests/tui/pager.sh \
	tests/tui/paste.sh \
	tests/tui/quit-job.sh \
	tests/tui/read-only.sh \
	tests/tui/resize.sh \
	tests/tui/script.sh \
	tests/tui/small.sh \
	tests/tui/start-quit.sh \
	tests/tui/suspend.sh
fuzz_tests = \
	tests/fuzz/fuzz-archive \
	tests/fuzz/fuzz-card \
	tests/fuzz/fuzz-config \
	tests/fuzz/fuzz-gguf \
	tests/fuzz/fuzz-index \
	tests/fuzz/fuzz-keys \
	tests/fuzz/fuzz-npy \
	tests/fuzz/fuzz-plain \
	tests/fuzz/fuzz-question \
	tests/fuzz/fuzz-safetensors \
	tests/fuzz/fuzz-tokenizer \
	tests/fuzz/fuzz-torch
check_PROGRAMS += $(unit_tests) $(fuzz_tests)
TESTS += $(unit_tests) $(fuzz_tests) tests/house.sh tests/cli.sh tests/main-job.sh tests/tree-kill.sh $(tui_tests)
EXTRA_DIST += tests/tsan.supp tests/run-unit.sh tests/house.sh tests/cli.sh tests/main-job.sh tests/tree-kill.sh \
	tests/tui/lib.sh $(tui_tests)

tests_unit_test_core_LDADD = $(core_libs)
tests_unit_test_safetensors_LDADD = $(weights_libs)
tests_unit_test_jungle_LDADD = libcopse-jungle.a $(weights_libs)
tests_unit_test_kin_SOURCES = tests/unit/test-kin.c \
	tests/unit/counting_source.c tests/unit/counting_source.h
tests_unit_test_kin_LDADD = libcopse-jungle.a $(lineage_libs)
tests_unit_test_woods_SOURCES = tests/unit/test-woods.c \
	tests/bench/lineage_score.c tests/bench/lineage_score.h
tests_unit_test_woods_LDADD = libcopse-jungle.a $(lineage_libs)
tests_unit_test_figures_LDADD = $(weights_libs)
tests_unit_test_labels_LDADD = $(experts_libs)
tests_unit_test_layer_LDADD = $(weights_libs)
text_libs       = libcopse-text.a $(weights_libs)
clip_fixture = tests/unit/clip_fixture.c tests/unit/clip_fixture.h
tests_unit_test_clip_SOURCES = tests/unit/test-clip.c $(clip_fixture)
tests_unit_test_clip_LDADD = $(text_libs)
tests_unit_test_encoders_LDADD = $(text_libs)
tests_unit_test_question_LDADD = libcopse-search.a libcopse-experts.a libcopse-text.a libcopse-lineage.a \
	$(collection_libs)
tests_unit_test_tokenizer_LDADD = $(text_libs)
tests_fuzz_fuzz_question_SOURCES = tests/fuzz/fuzz-question.c tests/fuzz/run-corpus.c
tests_fuzz_fuzz_question_LDADD = $(tests_unit_test_question_LDADD)
tests_fuzz_fuzz_tokenizer_SOURCES = tests/fuzz/fuzz-tokenizer.c tests/fuzz/run-corpus.c
tests_fuzz_fuzz_tokenizer_LDADD = $(text_libs)
EXTRA_DIST += tests/fixtures
tests_unit_test_words_LDADD = libcopse-text.a $(weights_libs)
tests_unit_test_baselines_LDADD = $(experts_libs)
tests_unit_test_card_LDADD = $(collection_libs)
tests_unit_test_catalog_SOURCES = tests/unit/test-catalog.c \
	tests/unit/collection_fixture.c tests/unit/collection_fixture.h
tests_unit_test_catalog_LDADD = $(collection_libs)
tests_unit_test_collection_SOURCES = tests/unit/test-collection.c \
	tests/unit/collection_fixture.c tests/unit/collection_fixture.h
tests_unit_test_collection_LDADD = $(collection_libs)
tests_unit_test_diff_SOURCES = tests/unit/test-diff.c \
	tests/unit/collection_fixture.c tests/unit/collection_fixture.h \
	tests/unit/counting_source.c tests/unit/counting_source.h
tests_unit_test_diff_LDADD = $(lineage_libs)
tests_unit_test_forest_SOURCES = tests/unit/test-forest.c \
	tests/unit/collection_fixture.c tests/unit/collection_fixture.h
tests_unit_test_forest_LDADD = $(lineage_libs)
tests_unit_test_evaluation_LDADD = $(experts_libs)
tests_unit_test_experts_LDADD = $(experts_libs)
tests_unit_test_lineage_LDADD = $(lineage_libs)
tests_unit_test_outline_LDADD = $(lineage_libs)
tests_unit_test_worker_LDADD = libcopse-work.a $(core_libs)
EXTRA_DIST += tests/golden
ui_fixture = tests/unit/ui_fixture.c tests/unit/ui_fixture.h
tests_unit_test_ui_SOURCES = tests/unit/test-ui.c $(ui_fixture)
tests_unit_test_ui_LDADD = $(ui_libs)
tests_unit_test_ui_guests_SOURCES = tests/unit/test-ui-guests.c $(ui_fixture)
tests_unit_test_ui_guests_LDADD = $(ui_libs)
tests_unit_test_ui_cells_LDADD = $(ui_libs)
tests_unit_test_ui_keymap_LDADD = $(ui_libs)
tests_unit_test_ui_rescan_SOURCES = tests/unit/test-ui-rescan.c $(ui_fixture)
tests_unit_test_ui_rescan_LDADD = $(ui_libs)
tests_unit_test_ui_screens_SOURCES = tests/unit/test-ui-screens.c $(ui_fixture)
tests_unit_test_ui_screens_LDADD = $(ui_libs)
tests_unit_test_ui_text_LDADD = $(ui_libs)
tests_unit_test_ui_views_SOURCES = tests/unit/test-ui-views.c $(ui_fixture)
tests_unit_test_ui_views_LDADD = $(ui_libs)

tests_unit_test_gguf_LDADD = $(weights_libs)
tests_unit_test_quant_LDADD = $(weights_libs)
tests_unit_test_shards_LDADD = $(weights_libs)
zip_fixture = tests/unit/zip_fixture.c tests/unit/zip_fixture.h
torch_fixture = tests/unit/torch_fixture.c tests/unit/torch_fixture.h $(zip_fixture)
tests_unit_test_zip_SOURCES = tests/unit/test-zip.c $(zip_fixture)
tests_unit_test_zip_LDADD = $(weights_libs)
tests_unit_test_pickle_LDADD = $(weights_libs)
tests_unit_test_torch_SOURCES = tests/unit/test-torch.c $(torch_fixture)
tests_unit_test_torch_LDADD = $(weights_libs)
tests_unit_test_torch_state_SOURCES = tests/unit/test-torch-state.c $(torch_fixture)
tests_unit_test_torch_state_LDADD = $(weights_libs)
tests_unit_test_torch_hostile_SOURCES = tests/unit/test-torch-hostile.c $(torch_fixture)
tests_unit_test_torch_hostile_LDADD = $(weights_libs)
tests_unit_test_npy_SOURCES = tests/unit/test-npy.c $(zip_fixture)
tests_unit_test_npy_LDADD = $(weights_libs)

# Fuzz drivers as plain programs: each replays its corpus.
fuzz_read = tests/fuzz/read_all.c tests/fuzz/read_all.h tests/fuzz/run-corpus.c
fuzz_try = tests/fuzz/try_all.c tests/fuzz/try_all.h tests/fuzz/run-corpus.c
tests_fuzz_fuzz_gguf_SOURCES = tests/fuzz/fuzz-gguf.c $(fuzz_read)
tests_fuzz_fuzz_gguf_LDADD = $(weights_libs)
tests_fuzz_fuzz_index_SOURCES = tests/fuzz/fuzz-index.c $(fuzz_read)
tests_fuzz_fuzz_index_LDADD = $(weights_libs)
tests_fuzz_fuzz_safetensors_SOURCES = tests/fuzz/fuzz-safetensors.c $(fuzz_read)
tests_fuzz_fuzz_safetensors_LDADD = $(weights_libs)
tests_fuzz_fuzz_torch_SOURCES = tests/fuzz/fuzz-torch.c $(fuzz_try)
tests_fuzz_fuzz_torch_LDADD = $(weights_libs)
tests_fuzz_fuzz_npy_SOURCES = tests/fuzz/fuzz-npy.c $(fuzz_try)
tests_fuzz_fuzz_npy_LDADD = $(weights_libs)
EXTRA_DIST += tests/fuzz/README.md tests/fuzz/make-seeds.c tests/fuzz/torch.dict tests/fuzz/corpus

tests_fuzz_fuzz_config_SOURCES = tests/fuzz/fuzz-config.c tests/fuzz/run-corpus.c
tests_fuzz_fuzz_config_LDADD = $(ui_libs)
tests_fuzz_fuzz_keys_SOURCES = tests/fuzz/fuzz-keys.c tests/fuzz/run-corpus.c $(ui_fixture)
tests_fuzz_fuzz_keys_LDADD = $(ui_libs)
tests_fuzz_fuzz_plain_SOURCES = tests/fuzz/fuzz-plain.c tests/fuzz/run-corpus.c $(ui_fixture)
tests_fuzz_fuzz_plain_LDADD = $(ui_libs)

archive_fixture = tests/unit/archive_fixture.c tests/unit/archive_fixture.h \
	tests/unit/collection_fixture.c tests/unit/collection_fixture.h
tests_unit_test_archive_SOURCES = tests/unit/test-archive.c $(archive_fixture)
tests_unit_test_archive_LDADD = $(collection_libs)
tests_unit_test_archive_reader_SOURCES = tests/unit/test-archive-reader.c $(archive_fixture)
tests_unit_test_archive_reader_LDADD = $(collection_libs)
tests_unit_test_formats_SOURCES = tests/unit/test-formats.c $(archive_fixture)
tests_unit_test_formats_LDADD = $(collection_libs)
tests_unit_test_stores_SOURCES = tests/unit/test-stores.c \
	tests/unit/collection_fixture.c tests/unit/collection_fixture.h
tests_unit_test_stores_LDADD = $(collection_libs)
tests_fuzz_fuzz_archive_SOURCES = tests/fuzz/fuzz-archive.c tests/fuzz/run-corpus.c
tests_fuzz_fuzz_archive_LDADD = $(collection_libs)
tests_fuzz_fuzz_card_SOURCES = tests/fuzz/fuzz-card.c tests/fuzz/run-corpus.c
tests_fuzz_fuzz_card_LDADD = $(collection_libs)
EXTRA_DIST += docs/FORMATS.md tests/fuzz/make-archive-seeds.c
