/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/torch/torch_globals.h"

#include <glib.h>
#include <string.h>

#include "weights/torch/pickle.h"

typedef struct {
  const char *module, *name;
  int meaning; /* TorchName, or PICKLE_OPAQUE */
} Known;

static const Known known[] = {
    {"torch._utils", "_rebuild_tensor", TORCH_TENSOR},
    {"torch._utils", "_rebuild_tensor_v2", TORCH_TENSOR},
    {"torch._utils", "_rebuild_tensor_v3", TORCH_TENSOR_WITH_DTYPE},
    {"torch._utils", "_rebuild_parameter", TORCH_PARAMETER},
    {"torch._utils", "_rebuild_parameter_with_state", TORCH_PARAMETER},
    {"torch._tensor", "_rebuild_from_type_v2", TORCH_SUBCLASS},
    {"torch._utils", "_rebuild_sparse_tensor", TORCH_OTHER_TENSOR},
    {"torch._utils", "_rebuild_sparse_csr_tensor", TORCH_OTHER_TENSOR},
    {"torch._utils", "_rebuild_nested_tensor", TORCH_OTHER_TENSOR},
    {"torch._utils", "_rebuild_qtensor", TORCH_OTHER_TENSOR},
    {"torch._utils", "_rebuild_meta_tensor_no_storage", TORCH_OTHER_TENSOR},
    {"torch._utils", "_rebuild_wrapper_subclass", TORCH_OTHER_TENSOR},
    {"torch._utils", "_rebuild_device_tensor_from_numpy", TORCH_OTHER_TENSOR},
    {"torch._utils", "_rebuild_xla_tensor", TORCH_OTHER_TENSOR},
    {"collections", "OrderedDict", TORCH_DICT},
    {"collections", "defaultdict", TORCH_DICT},
    {"builtins", "dict", TORCH_DICT},
    {"__builtin__", "dict", TORCH_DICT},
    /* Python writes a class within a class, and some enumerations, as a getattr() of names. */
    {"builtins", "getattr", PICKLE_OPAQUE},
    {"__builtin__", "getattr", PICKLE_OPAQUE},
    {"torch", "Size", TORCH_SIZE},
    {"torch.storage", "UntypedStorage", TORCH_UNTYPED_STORAGE},
    {"torch.storage", "_UntypedStorage", TORCH_UNTYPED_STORAGE},
    {"torch", "UntypedStorage", TORCH_UNTYPED_STORAGE},
    {"torch.storage", "TypedStorage", TORCH_INERT},
    {"torch", "device", TORCH_INERT},
    {"torch", "Generator", TORCH_INERT},
    {"torch.serialization", "_get_layout", TORCH_INERT},
    {"argparse", "Namespace", TORCH_INERT},
    {"collections", "Counter", TORCH_INERT},
    {"collections", "deque", TORCH_INERT},
    {"copy_reg", "_reconstructor", TORCH_INERT},
    {"copyreg", "_reconstructor", TORCH_INERT},
    {"_codecs", "encode", TORCH_INERT},
    {"datetime", "datetime", TORCH_INERT},
    {"datetime", "timedelta", TORCH_INERT},
    {"pathlib", "Path", TORCH_INERT},
    {"pathlib", "PosixPath", TORCH_INERT},
    {"pathlib", "PurePosixPath", TORCH_INERT},
    {"pathlib", "WindowsPath", TORCH_INERT},
    {"pathlib._local", "PosixPath", TORCH_INERT},
    {"types", "SimpleNamespace", TORCH_INERT},
    {"io", "BytesIO", TORCH_INERT},
    {"_io", "BytesIO", TORCH_INERT},
    {"numpy", "dtype", TORCH_INERT},
    {"numpy", "ndarray", TORCH_INERT},
    {"numpy.core.multiarray", "_reconstruct", TORCH_INERT},
    {"numpy.core.multiarray", "scalar", TORCH_INERT},
    {"numpy._core.multiarray", "_reconstruct", TORCH_INERT},
    {"numpy._core.multiarray", "scalar", TORCH_INERT},
};

/* Of Python's own names only these types are harmless; all others are refused. */
static const char *const harmless_builtins[] = {
    "bool",  "bytearray", "bytes", "complex", "float", "frozenset", "int",     "list",   "long",     "object",
    "range", "set",       "slice", "str",     "tuple", "type",      "unicode", "xrange", "Ellipsis", "NotImplemented",
};

typedef struct {
  const char *name;
  Dtype dtype;    /* DTYPE_COUNT: none that we read */
  unsigned width; /* of such a one, in bytes */
} Format;

static const Format storages[] = {
    {"FloatStorage", DTYPE_F32, 0},        {"HalfStorage", DTYPE_F16, 0},
    {"BFloat16Storage", DTYPE_BF16, 0},    {"DoubleStorage", DTYPE_F64, 0},
    {"LongStorage", DTYPE_I64, 0},         {"IntStorage", DTYPE_I32, 0},
    {"ShortStorage", DTYPE_I16, 0},        {"CharStorage", DTYPE_I8, 0},
    {"ByteStorage", DTYPE_U8, 0},          {"BoolStorage", DTYPE_BOOL, 0},
    {"ComplexFloatStorage", DTYPE_C64, 0}, {"ComplexDoubleStorage", DTYPE_COUNT, 16},
    {"QInt8Storage", DTYPE_COUNT, 1},      {"QUInt8Storage", DTYPE_COUNT, 1},
    {"QInt32Storage", DTYPE_COUNT, 4},     {"QUInt4x2Storage", DTYPE_COUNT, 1},
    {"QUInt2x4Storage", DTYPE_COUNT, 1},
};

static const Format dtypes[] = {
    {"float32", DTYPE_F32, 0},
    {"float", DTYPE_F32, 0},
    {"float16", DTYPE_F16, 0},
    {"half", DTYPE_F16, 0},
    {"bfloat16", DTYPE_BF16, 0},
    {"float64", DTYPE_F64, 0},
    {"double", DTYPE_F64, 0},
    {"int64", DTYPE_I64, 0},
    {"long", DTYPE_I64, 0},
    {"int32", DTYPE_I32, 0},
    {"int", DTYPE_I32, 0},
    {"int16", DTYPE_I16, 0},
    {"short", DTYPE_I16, 0},
    {"int8", DTYPE_I8, 0},
    {"uint8", DTYPE_U8, 0},
    {"uint16", DTYPE_U16, 0},
    {"uint32", DTYPE_U32, 0},
    {"uint64", DTYPE_U64, 0},
    {"bool", DTYPE_BOOL, 0},
    {"complex64", DTYPE_C64, 0},
    {"float8_e4m3fn", DTYPE_F8_E4M3, 0},
    {"float8_e5m2", DTYPE_F8_E5M2, 0},
    {"float8_e8m0fnu", DTYPE_F8_E8M0, 0},
    {"float8_e4m3fnuz", DTYPE_COUNT, 0},
    {"float8_e5m2fnuz", DTYPE_COUNT, 0},
    {"float4_e2m1fn_x2", DTYPE_COUNT, 0},
    {"complex32", DTYPE_COUNT, 0},
    {"complex128", DTYPE_COUNT, 0},
    {"qint8", DTYPE_COUNT, 0},
    {"quint8", DTYPE_COUNT, 0},
    {"qint32", DTYPE_COUNT, 0},
    {"quint4x2", DTYPE_COUNT, 0},
    {"quint2x4", DTYPE_COUNT, 0},
};

/* Modules, and single names of modules that are otherwise harmless, which run code, reach the
 * system or the network, or load more pickles. A class that a network's author named alike is not
 * among them. */
static const char *const denied[] = {
    "os",
    "posix",
    "nt",
    "posixpath",
    "ntpath",
    "subprocess",
    "_posixsubprocess",
    "sys",
    "pty",
    "popen2",
    "shutil",
    "importlib",
    "imp",
    "runpy",
    "pkgutil",
    "zipimport",
    "codeop",
    "pdb",
    "bdb",
    "cProfile",
    "timeit",
    "doctest",
    "pydoc",
    "idlelib",
    "lib2to3",
    "distutils",
    "setuptools",
    "pip",
    "ensurepip",
    "venv",
    "socket",
    "_socket",
    "ssl",
    "socketserver",
    "asyncio",
    "httplib",
    "urllib2",
    "ftplib",
    "telnetlib",
    "smtplib",
    "poplib",
    "imaplib",
    "nntplib",
    "webbrowser",
    "ctypes",
    "_ctypes",
    "cffi",
    "pickle",
    "_pickle",
    "cPickle",
    "shelve",
    "marshal",
    "atexit",
    "commands.getoutput",
    "commands.getstatus",
    "commands.getstatusoutput",
    "code.interact",
    "code.InteractiveConsole",
    "code.InteractiveInterpreter",
    "profile.run",
    "profile.runctx",
    "profile.Profile",
    "trace.Trace",
    "platform.popen",
    "io.open",
    "io.open_code",
    "io.FileIO",
    "_io.open",
    "_io.open_code",
    "_io.FileIO",
    "http.client",
    "http.server",
    "urllib.request",
    "urllib.urlopen",
    "requests.api",
    "requests.get",
    "requests.post",
    "logging.config",
    "operator.attrgetter",
    "operator.methodcaller",
    "operator.call",
    "_operator.attrgetter",
    "_operator.methodcaller",
    "_operator.call",
    "types.CodeType",
    "types.FunctionType",
    "dill.load",
    "dill.loads",
    "dill._dill._create_code",
    "dill._dill._create_function",
    "dill._dill._eval_repr",
    "dill._dill._get_attr",
    "dill._dill._import_module",
    "joblib.load",
    "cloudpickle.load",
    "cloudpickle.loads",
    "numpy.load",
    "numpy.testing",
    "numpy.f2py",
    "numpy.distutils",
    "numpy.lib.npyio",
    "numpy.lib._npyio_impl",
    "pandas.eval",
    "pandas.read_pickle",
    "torch.hub",
    "torch.load",
    "torch.ops",
    "torch.package",
    "torch.serialization.load",
    "torch.jit.unsupported_tensor_ops.execWrapper",
    "torch.utils.bottleneck",
    "torch.utils.collect_env",
    "torch.utils.cpp_extension",
    "torch.utils.data.datapipes",
    "torch.utils._config_module",
    "torch._dynamo",
    "torch._inductor",
    "torch.distributed.rpc",
    "torch.fx.graph_module",
    "torch.fx.experimental.symbolic_shapes",
};

/* The same as part of any module's name: torch.os is os. */
static const char *const denied_in_modules[] = {
    "os", "posix", "nt", "subprocess", "builtins", "__builtin__", "importlib", "runpy", "ctypes",
};

/* And of any name within a module, which may have dots too: torch's os.system is os.system. */
static const char *const denied_in_names[] = {
    "os",           "posix",
    "nt",           "subprocess",
    "sys",          "builtins",
    "__builtin__",  "__builtins__",
    "importlib",    "runpy",
    "socket",       "ctypes",
    "shutil",       "eval",
    "exec",         "execfile",
    "system",       "popen",
    "compile",      "import_module",
    "check_output", "runstring",
    "run_path",     "run_module",
    "__import__",   "__getattribute__",
    "__globals__",  "__subclasses__",
    "__reduce__",   "__class__",
    "__dict__",     "__code__",
};

static bool contains(const char *const *list, size_t n, const char *s, size_t length) {
  for (size_t i = 0; i < n; i++)
    if (strlen(list[i]) == length && memcmp(list[i], s, length) == 0) return true;
  return false;
}

/* True when a dotted name is denied, or lies within a denied module. */
static bool is_denied(const char *full) {
  for (size_t i = 0; i < G_N_ELEMENTS(denied); i++) {
    size_t n = strlen(denied[i]);
    if (strncmp(full, denied[i], n) == 0 && (full[n] == '.' || full[n] == '\0')) return true;
  }
  return false;
}

static bool has_part(const char *dotted, const char *const *list, size_t n) {
  for (const char *p = dotted; *p;) {
    size_t length = strcspn(p, ".");
    if (contains(list, n, p, length)) return true;
    p += length;
    p += *p == '.';
  }
  return false;
}

static bool is_builtin_module(const char *module) {
  return strcmp(module, "builtins") == 0 || strcmp(module, "__builtin__") == 0;
}

static bool find_format(const Format *list, size_t n, const char *name, int base, int *tag) {
  for (size_t i = 0; i < n; i++)
    if (strcmp(list[i].name, name) == 0) {
      *tag = list[i].dtype == DTYPE_COUNT ? TORCH_UNREAD + (int)list[i].width : base + (int)list[i].dtype;
      return true;
    }
  return false;
}

/* torch.FloatStorage, torch.cuda.FloatStorage, torch.float32. */
static bool find_torch_format(const char *module, const char *name, int *tag) {
  bool plain = strcmp(module, "torch") == 0;
  if ((plain || strcmp(module, "torch.cuda") == 0) &&
      find_format(storages, G_N_ELEMENTS(storages), name, TORCH_STORAGE, tag))
    return true;
  return plain && find_format(dtypes, G_N_ELEMENTS(dtypes), name, TORCH_DTYPE, tag);
}

int torch_global_judge(void *user, const char *module, const char *name) {
  (void)user;
  int tag;
  for (size_t i = 0; i < G_N_ELEMENTS(known); i++)
    if (strcmp(module, known[i].module) == 0 && strcmp(name, known[i].name) == 0) return known[i].meaning;
  if (find_torch_format(module, name, &tag)) return tag;
  if (g_str_has_prefix(module, "__torch__")) return TORCH_MODULE;
  if (strcmp(module, "torch.jit._pickle") == 0) return TORCH_INERT;
  if (is_builtin_module(module))
    return contains(harmless_builtins, G_N_ELEMENTS(harmless_builtins), name, strlen(name)) ? TORCH_INERT
                                                                                            : PICKLE_REFUSED;
  g_autofree char *full = g_strdup_printf("%s.%s", module, name);
  bool bad = is_denied(full) || has_part(module, denied_in_modules, G_N_ELEMENTS(denied_in_modules)) ||
             has_part(name, denied_in_names, G_N_ELEMENTS(denied_in_names));
  return bad ? PICKLE_REFUSED : PICKLE_OPAQUE;
}

bool torch_global_dtype(int tag, Dtype *dtype) {
  int base = tag >= TORCH_DTYPE ? TORCH_DTYPE : TORCH_STORAGE;
  if (tag < base || tag >= base + (int)DTYPE_COUNT) return false;
  *dtype = (Dtype)(tag - base);
  return true;
}

unsigned torch_global_width(int tag) {
  Dtype dtype;
  uint64_t bytes = 0;
  if (tag == TORCH_UNTYPED_STORAGE) return 1;
  if (tag >= TORCH_UNREAD) return (unsigned)(tag - TORCH_UNREAD);
  if (tag < TORCH_STORAGE || tag >= TORCH_DTYPE || !torch_global_dtype(tag, &dtype)) return 0;
  return dtype_bytes(dtype, 1, &bytes) ? (unsigned)bytes : 0;
}
