noinst_LIBRARIES += libcopse-ui.a
libcopse_ui_a_SOURCES = \
	ui/actions.def \
	ui/advice.c ui/advice.h \
	ui/app.c ui/app.h \
	ui/app_commands.c ui/app_commands.h \
	ui/app_keys.c ui/app_keys.h \
	ui/app_mouse.c ui/app_mouse.h \
	ui/card_text.c ui/card_text.h \
	ui/cells.c ui/cells.h \
	ui/chart.c ui/chart.h \
	ui/command_line.c ui/command_line.h \
	ui/config.c ui/config.h \
	ui/copy_menu.c ui/copy_menu.h \
	ui/engine_jobs.c ui/engine_jobs.h \
	ui/engine_model.c ui/engine_model.h \
	ui/errand.c ui/errand.h \
	ui/expert_facts.c ui/expert_facts.h \
	ui/export_file.c ui/export_file.h \
	ui/forest_columns.c ui/forest_columns.h \
	ui/forest_draw.c \
	ui/forest_facts.c ui/forest_facts.h \
	ui/forest_menus.c ui/forest_view.h \
	ui/forest_phylogram.c ui/forest_phylogram.h \
	ui/forest_rows.c ui/forest_rows.h \
	ui/frame.c ui/frame.h \
	ui/glyph.c ui/glyph.h \
	ui/inquiry.c ui/inquiry.h \
	ui/job_text.c ui/job_text.h \
	ui/key.c ui/key.h \
	ui/keymap.c ui/keymap.h \
	ui/layer_table.c ui/layer_table.h \
	ui/line_edit.c ui/line_edit.h \
	ui/lines.c ui/lines.h \
	ui/list.c ui/list.h \
	ui/map_groups.c ui/map_groups.h \
	ui/memory.c ui/memory.h \
	ui/menu.c ui/menu.h \
	ui/model_card.c ui/model_layer.c ui/model_layers.c ui/model_like.c ui/model_overview.c \
	ui/model_page.h ui/model_says.c \
	ui/opinion_text.c ui/opinion_text.h \
	ui/pager.c ui/pager.h \
	ui/paint.c ui/paint.h \
	ui/plain.c ui/plain.h ui/plain_talk.h ui/plain_experts.c ui/plain_model.c \
	ui/row_filter.c ui/row_filter.h \
	ui/scatter.c ui/scatter.h \
	ui/script.c ui/script.h \
	ui/signals.c ui/signals.h \
	ui/style.c ui/style.h \
	ui/sweep_chart.c ui/sweep_chart.h \
	ui/term.c ui/term.h \
	ui/tour.c ui/tour.h \
	ui/train_curves.c ui/train_curves.h \
	ui/train_estimate.c ui/train_estimate.h \
	ui/train_form.c ui/train_form.h \
	ui/train_keys.c ui/train_keys.h \
	ui/ui.c ui/ui.h \
	ui/view.h \
	ui/view_diff.c ui/view_experts.c ui/view_forest.c ui/view_help.c ui/view_jobs.c \
	ui/view_map.c ui/view_messages.c ui/view_model.c ui/view_query.c ui/view_skipped.c \
	ui/word_match.c ui/word_match.h
libcopse_ui_a_CFLAGS = $(AM_CFLAGS) $(CURSES_CFLAGS) $(MD4C_CFLAGS)
