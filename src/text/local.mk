noinst_LIBRARIES += libcopse-text.a
libcopse_text_a_SOURCES = \
	src/text/encoder.c src/text/encoder.h src/text/encoder_impl.h \
	src/text/words.c
libcopse_text_a_CPPFLAGS = $(AM_CPPFLAGS) -DWORDS_BIN=\"$(abs_top_srcdir)/data/words/words.bin\"
src/text/libcopse_text_a-words.$(OBJEXT): data/words/words.bin
