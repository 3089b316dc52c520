noinst_LIBRARIES += libcopse-weights.a
libcopse_weights_a_SOURCES = \
	src/weights/dtype.c src/weights/dtype.h \
	src/weights/layer.c src/weights/layer.h \
	src/weights/safetensors_reader.c src/weights/safetensors_writer.c src/weights/safetensors.h \
	src/weights/tensor_name.c src/weights/tensor_name.h \
	src/weights/weight_file.c src/weights/weight_file.h src/weights/weight_format.h
