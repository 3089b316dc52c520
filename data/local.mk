# What becomes part of the program itself, by the assembler's .incbin.
libcopse_encoders_a_CPPFLAGS = $(AM_CPPFLAGS) -DWORDS_BIN=\"$(abs_top_srcdir)/data/words/words.bin\" \
	-DLABELS=\"$(abs_top_srcdir)/data/labels\"
libcopse_core_a_CPPFLAGS = $(AM_CPPFLAGS) -DSYNSETS_BIN=\"$(abs_top_srcdir)/data/labels/synsets.bin\"
src/core/libcopse_core_a-synset.$(OBJEXT): data/labels/synsets.bin
src/encoders/libcopse_encoders_a-words.$(OBJEXT): data/words/words.bin
src/encoders/libcopse_encoders_a-concept_list.$(OBJEXT): data/labels/cifar100.txt data/labels/imagenet.txt \
	data/labels/tiny-imagenet.txt

dist_pkgdata_DATA = data/copse.conf

# Completions, from what the program says of itself.
described: copse$(EXEEXT)
	$(AM_V_GEN)./copse$(EXEEXT) --describe >$@.new && mv $@.new $@
completions/copse: described data/completions.awk
	$(AM_V_GEN)mkdir -p completions && $(AWK) -v shell=bash -f $(srcdir)/data/completions.awk described >$@
completions/_copse: described data/completions.awk
	$(AM_V_GEN)mkdir -p completions && $(AWK) -v shell=zsh -f $(srcdir)/data/completions.awk described >$@
completions/copse.fish: described data/completions.awk
	$(AM_V_GEN)mkdir -p completions && $(AWK) -v shell=fish -f $(srcdir)/data/completions.awk described >$@
bashcompletiondir = $(datadir)/bash-completion/completions
bashcompletion_DATA = completions/copse
zshcompletiondir = $(datadir)/zsh/site-functions
zshcompletion_DATA = completions/_copse
fishcompletiondir = $(datadir)/fish/vendor_completions.d
fishcompletion_DATA = completions/copse.fish
EXTRA_DIST += data/completions.awk docs/example.c
CLEANFILES += described completions/copse completions/_copse completions/copse.fish

desktopdir = $(datadir)/applications
dist_desktop_DATA = data/copse.desktop
icondir = $(datadir)/icons/hicolor/scalable/apps
dist_icon_DATA = data/copse.svg
dist_doc_DATA = README.md LICENSE $(documents)

# The engine as one static library with its headers, for programs of others: docs/LIBRARY.md.
libcopse.a: $(engine_libs)
	$(AM_V_AR)rm -f $@ && { echo "create $@"; for l in $(engine_libs); do echo "addlib $$l"; done; echo save; echo end; } | \
	  $(AR) -M && $(RANLIB) $@
enginelibdir = $(libdir)
enginelib_DATA = libcopse.a
CLEANFILES += libcopse.a
pkgconfigdir = $(libdir)/pkgconfig
pkgconfig_DATA = data/libcopse.pc
# Headers keep their folders, since they include one another by them.
install-data-local:
	@for h in $(engine_headers); do d=$(DESTDIR)$(includedir)/copse/$$(dirname $${h#src/}); \
	  $(MKDIR_P) "$$d" && $(INSTALL_DATA) $(srcdir)/$$h "$$d" || exit 1; done
uninstall-local:
	rm -rf "$(DESTDIR)$(includedir)/copse"
uninstall-hook:
	-rmdir "$(DESTDIR)$(pkgdatadir)" "$(DESTDIR)$(docdir)" 2>/dev/null

deb: all
	$(SHELL) $(srcdir)/data/deb.sh $(abs_top_srcdir) $(PACKAGE_VERSION) $(DEBDIR)
.PHONY: deb
