# Every program and script of the lists runs in `make check` through the TAP driver, so that each assertion group is
# counted; scripts say `ok` and `not ok` themselves.

TEST_LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
LOG_DRIVER      = $(TEST_LOG_DRIVER)
SH_LOG_DRIVER   = $(TEST_LOG_DRIVER)
LOG_COMPILER    = $(SHELL) $(top_srcdir)/tests/run-test.sh
SH_LOG_COMPILER = $(LOG_COMPILER)
AM_TESTS_ENVIRONMENT = \
	COPSE=$(abs_top_builddir)/copse; export COPSE; \
	COPSE_TEST_SRCDIR=$(abs_top_srcdir); export COPSE_TEST_SRCDIR; \
	G_TEST_SRCDIR=$(abs_top_srcdir)/tests; export G_TEST_SRCDIR; \
	TSAN_OPTIONS=suppressions=$(abs_top_srcdir)/tests/tsan.supp; export TSAN_OPTIONS; \
	LC_ALL=C.UTF-8; export LC_ALL; TZ=UTC; export TZ;

# What tests and benches share; run-corpus.c, which has a main, is taken by the fuzz drivers alone.
check_LIBRARIES = libcopse-fixtures.a
libcopse_fixtures_a_SOURCES = $(fixture_sources)
LDADD = libcopse-fixtures.a libcopse-ui.a libcopse-commands.a $(engine_libs) $(system_libs)

check_PROGRAMS += $(unit_tests) $(fuzz_tests)
EXTRA_PROGRAMS += $(seed_programs) $(bench_programs)
TESTS += $(unit_tests) $(fuzz_tests) $(script_tests)
EXTRA_DIST += tests/golden tests/fixtures tests/fuzz/corpus

# Which lines the unit tests alone reach, folder by folder: a build of its own, in coverage/.
coverage:
	UNIT_TESTS='$(unit_tests)' $(SHELL) $(top_srcdir)/tests/coverage.sh $(abs_top_srcdir) coverage
.PHONY: coverage

# What tests/fuzz/oss-fuzz.sh asks for.
print-engine-libs:
	@echo $(engine_libs)
print-system-libs:
	@echo $(system_libs)

# Blows at random moments, and whether anything was lost: BLOWS=200 SEED=1. Some minutes.
weather: copse$(EXEEXT)
	COPSE=$(abs_builddir)/copse$(EXEEXT) $(SHELL) $(top_srcdir)/tests/weather/weather.sh $(BLOWS) $(SEED)

# The interface at random for some minutes, and whether its memory stays as it is: SOAK=180 SEED=1. Worth most in a build
# with sanitizers.
EXTRA_PROGRAMS += tests/weather/soak
tests_weather_soak_SOURCES = tests/weather/soak.c
soak: copse$(EXEEXT) tests/weather/soak$(EXEEXT)
	COPSE=$(abs_builddir)/copse$(EXEEXT) $(SHELL) $(top_srcdir)/tests/weather/soak.sh \
	  $(abs_builddir)/tests/weather/soak$(EXEEXT) $(SOAK) $(SEED)
.PHONY: weather soak print-engine-libs print-system-libs

# Are the unit tests able to fail? Faults are put in one at a time; each must be noticed. Some minutes.
mutants:
	$(SHELL) $(top_srcdir)/tests/mutants.sh
.PHONY: mutants
