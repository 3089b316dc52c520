# What becomes part of the program itself, by the assembler's .incbin.
libcopse_encoders_a_CPPFLAGS = $(AM_CPPFLAGS) -DWORDS_BIN=\"$(abs_top_srcdir)/data/words/words.bin\" \
	-DLABELS=\"$(abs_top_srcdir)/data/labels\"
src/encoders/libcopse_encoders_a-words.$(OBJEXT): data/words/words.bin
src/encoders/libcopse_encoders_a-concept_list.$(OBJEXT): data/labels/cifar100.txt data/labels/imagenet.txt \
	data/labels/tiny-imagenet.txt

dist_pkgdata_DATA = data/copse.conf
