noinst_LIBRARIES += libcopse-ui.a
libcopse_ui_a_SOURCES = \
	ui/actions.def \
	ui/app.c ui/app.h \
	ui/app_keys.c ui/app_keys.h \
	ui/cells.c ui/cells.h \
	ui/engine_jobs.c ui/engine_jobs.h \
	ui/forest_columns.c ui/forest_columns.h \
	ui/forest_facts.c ui/forest_facts.h \
	ui/forest_rows.c ui/forest_rows.h \
	ui/frame.c ui/frame.h \
	ui/glyph.c ui/glyph.h \
	ui/job_text.c ui/job_text.h \
	ui/key.c ui/key.h \
	ui/keymap.c ui/keymap.h \
	ui/line_edit.c ui/line_edit.h \
	ui/list.c ui/list.h \
	ui/paint.c ui/paint.h \
	ui/row_filter.c ui/row_filter.h \
	ui/script.c ui/script.h \
	ui/signals.c ui/signals.h \
	ui/style.c ui/style.h \
	ui/term.c ui/term.h \
	ui/train_form.c ui/train_form.h \
	ui/ui.c ui/ui.h \
	ui/view.h \
	ui/view_experts.c ui/view_forest.c ui/view_help.c ui/view_jobs.c ui/view_query.c
libcopse_ui_a_CFLAGS = $(AM_CFLAGS) $(CURSES_CFLAGS)
