# Manual pages: an overview, a page a command, the configuration: from what the program says of itself and the prose in
# man/commands. The pages of keys and of the query language are kept as files, which tests hold against their tables.
dist_man_MANS = man/copse-keys.7 man/copse-query.7
man_MANS = copse.1 copse.conf.5 $(command_pages)
EXTRA_DIST += man/copse.1.in man/page.awk man/overview.awk man/conf.awk man/commands
CLEANFILES += copse.1 copse.conf.5 $(command_pages) pages.stamp
version_word = -v version=$(PACKAGE_VERSION)

copse.1: described man/copse.1.in man/overview.awk
	$(AM_V_GEN)$(AWK) $(version_word) -f $(srcdir)/man/overview.awk described $(srcdir)/man/copse.1.in >$@.new && mv $@.new $@
copse.conf.5: data/copse.conf man/conf.awk
	$(AM_V_GEN)$(AWK) $(version_word) -f $(srcdir)/man/conf.awk $(srcdir)/data/copse.conf >$@.new && mv $@.new $@
$(command_pages): pages.stamp
pages.stamp: described man/page.awk $(command_prose)
	$(AM_V_GEN)for c in $(command_names); do $(AWK) $(version_word) -v command=$$c -v prose=$(srcdir)/man/commands/$$c.man \
	  -f $(srcdir)/man/page.awk described >copse-$$c.1.new && mv copse-$$c.1.new copse-$$c.1 || exit 1; done; touch $@
