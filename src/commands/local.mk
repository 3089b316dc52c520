noinst_LIBRARIES += libcopse-commands.a
libcopse_commands_a_SOURCES = \
	src/commands/cmd_apply.c \
	src/commands/cmd_bench.c \
	src/commands/cmd_classify.c \
	src/commands/cmd_demo.c \
	src/commands/cmd_diff.c \
	src/commands/cmd_doctor.c \
	src/commands/cmd_duplicates.c \
	src/commands/cmd_eval.c \
	src/commands/cmd_export.c \
	src/commands/cmd_like.c \
	src/commands/cmd_map.c \
	src/commands/cmd_plant.c \
	src/commands/cmd_query.c \
	src/commands/cmd_route.c \
	src/commands/cmd_scan.c \
	src/commands/cmd_show.c \
	src/commands/cmd_space.c \
	src/commands/cmd_sweep.c \
	src/commands/cmd_text.c \
	src/commands/cmd_train.c \
	src/commands/cmd_tree.c \
	src/commands/command.c src/commands/command.h src/commands/commands.h \
	src/commands/expert_run.c src/commands/expert_run.h \
	src/commands/lineage_run.c src/commands/lineage_run.h \
	src/commands/model_json.c src/commands/model_json.h \
	src/commands/outside.c src/commands/outside.h \
	src/commands/score_json.c src/commands/score_json.h \
	src/commands/train_options.c src/commands/train_options.h \
	src/commands/train_report.c src/commands/train_report.h
