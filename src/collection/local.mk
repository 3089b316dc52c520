noinst_LIBRARIES += libcopse-collection.a
libcopse_collection_a_SOURCES = \
	src/collection/archive.c src/collection/archive.h \
	src/collection/archive_cache.c src/collection/archive_cache.h \
	src/collection/archive_items.c src/collection/archive_items.h \
	src/collection/archive_member.c src/collection/archive_member.h \
	src/collection/archive_place.c src/collection/archive_place.h \
	src/collection/archive_scan.c src/collection/archive_scan.h \
	src/collection/archive_shelf.c src/collection/archive_shelf.h \
	src/collection/archive_weights.c src/collection/archive_weights.h \
	src/collection/candidate.c src/collection/candidate.h \
	src/collection/card.c src/collection/card.h \
	src/collection/card_body.c src/collection/card_body.h \
	src/collection/chain.c src/collection/chain.h \
	src/collection/container.c src/collection/container.h \
	src/collection/catalog.c src/collection/catalog.h \
	src/collection/catalog_load.c src/collection/catalog_private.h \
	src/collection/collection.c src/collection/collection.h \
	src/collection/database.c src/collection/database.h \
	src/collection/find.c \
	src/collection/hub.c src/collection/hub.h \
	src/collection/metadata_facts.c src/collection/metadata_facts.h \
	src/collection/model.c src/collection/model.h \
	src/collection/model_config.c src/collection/model_config.h \
	src/collection/model_reader.c src/collection/model_reader.h \
	src/collection/ollama.c src/collection/ollama.h \
	src/collection/scan.c src/collection/scan.h \
	src/collection/signature.c src/collection/signature.h \
	src/collection/stamp.c src/collection/stamp.h \
	src/collection/walk.c src/collection/walk_use.c src/collection/walk.h \
	src/collection/weight_names.c src/collection/weight_names.h \
	src/collection/weight_summary.c src/collection/weight_summary.h
