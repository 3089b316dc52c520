noinst_LIBRARIES += libcopse-search.a
libcopse_search_a_SOURCES = \
	src/search/nearest.c src/search/nearest.h src/search/opinion.c src/search/opinion.h \
	src/search/query.c src/search/query.h
