noinst_LIBRARIES += libcopse-text.a
libcopse_text_a_SOURCES = \
	src/text/bpe.c src/text/bpe.h \
	src/text/clip.c \
	src/text/clip_config.c src/text/clip_config.h \
	src/text/clip_names.c src/text/clip_names.h \
	src/text/clip_store.c src/text/clip_store.h \
	src/text/clip_text.c src/text/clip_text.h \
	src/text/clip_tokenizer.c src/text/clip_tokenizer.h \
	src/text/clip_tower.c src/text/clip_tower.h \
	src/text/clip_weights.c src/text/clip_weights.h \
	src/text/concept_list.c src/text/concept_list.h \
	src/text/encoder.c src/text/encoder.h src/text/encoder_impl.h \
	src/text/glove.c \
	src/text/model2vec.c \
	src/text/prompts.c src/text/prompts.h \
	src/text/static_tokens.c src/text/static_tokens.h \
	src/text/table.c \
	src/text/tokenizer_file.c src/text/tokenizer_file.h \
	src/text/vocabulary.c src/text/vocabulary.h \
	src/text/word_bag.c src/text/word_bag.h \
	src/text/words.c
libcopse_text_a_CPPFLAGS = $(AM_CPPFLAGS) -DWORDS_BIN=\"$(abs_top_srcdir)/data/words/words.bin\" \
	-DLABELS=\"$(abs_top_srcdir)/data/labels\"
src/text/libcopse_text_a-words.$(OBJEXT): data/words/words.bin
src/text/libcopse_text_a-concept_list.$(OBJEXT): data/labels/cifar100.txt data/labels/imagenet.txt \
	data/labels/tiny-imagenet.txt
