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
	LC_ALL=C.UTF-8; export LC_ALL; TZ=UTC; export TZ;

# Libraries in link order: an arrow that points back in the dependency rule does not link.
core_libs       = libcopse-core.a $(GLIB_LIBS) $(CJSON_LIBS) $(LAPACKE_LIBS) $(BLAS_LIBS)
weights_libs    = libcopse-weights.a $(core_libs)
collection_libs = libcopse-collection.a $(weights_libs) $(SQLITE_LIBS) $(YAML_LIBS)
lineage_libs    = libcopse-lineage.a $(collection_libs)
experts_libs    = libcopse-experts.a libcopse-text.a $(collection_libs)

ui_libs         = libcopse-ui.a libcopse-work.a libcopse-search.a libcopse-experts.a \
	libcopse-text.a libcopse-lineage.a $(collection_libs) $(CURSES_LIBS)

unit_tests = \
	tests/unit/test-core \
	tests/unit/test-safetensors \
	tests/unit/test-jungle \
	tests/unit/test-labels \
	tests/unit/test-layer \
	tests/unit/test-words \
	tests/unit/test-baselines \
	tests/unit/test-card \
	tests/unit/test-catalog \
	tests/unit/test-collection \
	tests/unit/test-evaluation \
	tests/unit/test-experts \
	tests/unit/test-lineage \
	tests/unit/test-outline \
	tests/unit/test-ui \
	tests/unit/test-ui-cells \
	tests/unit/test-ui-keymap \
	tests/unit/test-ui-screens \
	tests/unit/test-worker
tui_tests = \
	tests/tui/bytes.sh \
	tests/tui/crash.sh \
	tests/tui/hangup.sh \
	tests/tui/quit-job.sh \
	tests/tui/resize.sh \
	tests/tui/start-quit.sh \
	tests/tui/suspend.sh
check_PROGRAMS += $(unit_tests)
TESTS += $(unit_tests) tests/house.sh tests/cli.sh tests/main-job.sh $(tui_tests)
EXTRA_DIST += tests/run-unit.sh tests/house.sh tests/cli.sh tests/main-job.sh \
	tests/tui/lib.sh $(tui_tests)

tests_unit_test_core_LDADD = $(core_libs)
tests_unit_test_safetensors_LDADD = $(weights_libs)
tests_unit_test_jungle_LDADD = libcopse-jungle.a $(weights_libs)
tests_unit_test_labels_LDADD = $(experts_libs)
tests_unit_test_layer_LDADD = $(weights_libs)
tests_unit_test_words_LDADD = libcopse-text.a $(weights_libs)
tests_unit_test_baselines_LDADD = $(experts_libs)
tests_unit_test_card_LDADD = $(collection_libs)
tests_unit_test_catalog_SOURCES = tests/unit/test-catalog.c \
	tests/unit/collection_fixture.c tests/unit/collection_fixture.h
tests_unit_test_catalog_LDADD = $(collection_libs)
tests_unit_test_collection_SOURCES = tests/unit/test-collection.c \
	tests/unit/collection_fixture.c tests/unit/collection_fixture.h
tests_unit_test_collection_LDADD = $(collection_libs)
tests_unit_test_evaluation_LDADD = $(experts_libs)
tests_unit_test_experts_LDADD = $(experts_libs)
tests_unit_test_lineage_LDADD = $(lineage_libs)
tests_unit_test_outline_LDADD = $(lineage_libs)
tests_unit_test_worker_LDADD = libcopse-work.a $(core_libs)
EXTRA_DIST += tests/golden
ui_fixture = tests/unit/ui_fixture.c tests/unit/ui_fixture.h
tests_unit_test_ui_SOURCES = tests/unit/test-ui.c $(ui_fixture)
tests_unit_test_ui_LDADD = $(ui_libs)
tests_unit_test_ui_cells_LDADD = $(ui_libs)
tests_unit_test_ui_keymap_LDADD = $(ui_libs)
tests_unit_test_ui_screens_SOURCES = tests/unit/test-ui-screens.c $(ui_fixture)
tests_unit_test_ui_screens_LDADD = $(ui_libs)
