/* SPDX-License-Identifier: Apache-2.0 */
#include "archives/archive_kind.h"

#include <string.h>

enum { TAR_BLOCK = 512, TAR_CHECKSUM = 148, TAR_CHECKSUM_END = 156 };

/* The length of the ending by which a name is that of an archive; 0: it is none. */
static size_t ending_of(const char *name) {
  static const char *const endings[] = {".tar.bz2", ".tar.zst", ".tar.gz", ".tar.xz", ".tbz2", ".tzst",
                                        ".tar",     ".tgz",     ".txz",    ".zip",    ".7z"};
  size_t length = strlen(name);
  for (size_t i = 0; i < G_N_ELEMENTS(endings); i++) {
    size_t n = strlen(endings[i]);
    if (length > n && g_ascii_strcasecmp(name + length - n, endings[i]) == 0) return n;
  }
  return 0;
}

bool archive_kind_has_name(const char *name) { return ending_of(name) > 0; }

char *archive_kind_stem(const char *name) { return g_strndup(name, strlen(name) - ending_of(name)); }

bool archive_kind_tar_number(const unsigned char *field, int n, uint64_t *value) {
  *value = 0;
  if (field[0] & 0x80) {
    for (int i = 1; i < n; i++) {
      if (*value >> 55) return false;
      *value = *value << 8 | field[i];
    }
    return (field[0] & 0x7f) == 0;
  }
  int i = 0;
  while (i < n && field[i] == ' ') i++;
  for (; i < n && field[i] >= '0' && field[i] <= '7'; i++) *value = *value << 3 | (uint64_t)(field[i] - '0');
  return i == n || field[i] == ' ' || field[i] == '\0';
}

bool archive_kind_is_tar_header(const unsigned char *header) {
  uint64_t said, sum = 0;
  if (!archive_kind_tar_number(header + TAR_CHECKSUM, TAR_CHECKSUM_END - TAR_CHECKSUM, &said)) return false;
  for (int i = 0; i < TAR_BLOCK; i++) sum += i >= TAR_CHECKSUM && i < TAR_CHECKSUM_END ? ' ' : header[i];
  return header[0] != '\0' && sum == said;
}

Container archive_kind_sniff(ByteSource *source) {
  static const struct {
    const char *mark;
    size_t n;
    Container container;
  } marks[] = {{"PK\3\4", 4, CONTAINER_ZIP},
               {"PK\5\6", 4, CONTAINER_ZIP},
               {"7z\xbc\xaf\x27\x1c", 6, CONTAINER_PACKED},
               {"\x1f\x8b", 2, CONTAINER_PACKED},
               {"BZh", 3, CONTAINER_PACKED},
               {"\xfd"
                "7zXZ",
                6, CONTAINER_PACKED},
               {"\x28\xb5\x2f\xfd", 4, CONTAINER_PACKED}};
  unsigned char head[TAR_BLOCK] = {0};
  size_t n = (size_t)MIN(byte_source_size(source), sizeof head);
  if (!byte_source_read(source, 0, head, n, NULL)) return CONTAINER_NONE;
  for (size_t i = 0; i < G_N_ELEMENTS(marks); i++)
    if (n >= marks[i].n && memcmp(head, marks[i].mark, marks[i].n) == 0) return marks[i].container;
  return n == TAR_BLOCK && archive_kind_is_tar_header(head) ? CONTAINER_TAR : CONTAINER_NONE;
}
