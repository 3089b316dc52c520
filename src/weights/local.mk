noinst_LIBRARIES += libcopse-weights.a
libcopse_weights_a_SOURCES = \
	src/weights/dtype.c src/weights/dtype.h \
	src/weights/gguf.c src/weights/gguf_cursor.c src/weights/gguf_metadata.c src/weights/gguf.h \
	src/weights/inflate.c src/weights/inflate.h \
	src/weights/layer.c src/weights/layer.h \
	src/weights/layer_figures.c src/weights/layer_figures.h \
	src/weights/npy.c src/weights/npy_header.c src/weights/npy.h \
	src/weights/pickle.c src/weights/pickle.h \
	src/weights/pickle_containers.c src/weights/pickle_objects.c src/weights/pickle_scalars.c \
	src/weights/pickle_input.c src/weights/pickle_input.h \
	src/weights/pickle_machine.c src/weights/pickle_machine.h \
	src/weights/pickle_store.c src/weights/pickle_store.h \
	src/weights/pickle_text.c src/weights/pickle_text.h \
	src/weights/quant.c src/weights/quant.h \
	src/weights/safetensors_reader.c src/weights/safetensors_writer.c src/weights/safetensors.h \
	src/weights/shard_index.c src/weights/shard_index.h \
	src/weights/shard_name.c src/weights/shard_name.h \
	src/weights/shards.c src/weights/shards.h \
	src/weights/span_cache.c src/weights/span_cache.h \
	src/weights/spectrum.c src/weights/spectrum.h \
	src/weights/stride.c src/weights/stride.h \
	src/weights/strided.c src/weights/strided.h \
	src/weights/tensor_name.c src/weights/tensor_name.h \
	src/weights/torch.c src/weights/torch_file.h src/weights/torch_legacy.c src/weights/torch_zip.c \
	src/weights/torch_build.c src/weights/torch_build.h \
	src/weights/torch_globals.c src/weights/torch_globals.h \
	src/weights/torch_state.c src/weights/torch_state.h \
	src/weights/torch_tensor.c src/weights/torch_tensor.h \
	src/weights/weight_file.c src/weights/weight_file.h src/weights/weight_format.h \
	src/weights/weight_zip.c \
	src/weights/zip.c src/weights/zip.h
