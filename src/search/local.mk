noinst_LIBRARIES += libcopse-search.a
libcopse_search_a_SOURCES = \
	src/search/said.c src/search/said.h \
	src/search/date.c src/search/date.h \
	src/search/fusion.c src/search/fusion.h \
	src/search/lead_in.c src/search/lead_in.h \
	src/search/nearest.c src/search/nearest.h \
	src/search/opinion.c src/search/opinion.h \
	src/search/query.c src/search/query.h \
	src/search/query_index.c src/search/query_private.h \
	src/search/question.c src/search/question.h \
	src/search/question_field.c src/search/question_field.h
