noinst_LIBRARIES += libcopse-search.a
libcopse_search_a_SOURCES = \
	src/search/query.c src/search/query.h
