#!/bin/sh
# Makes Debian packages of what `make install` puts in place: copse, and libcopse-dev for programs that use the engine.
#   make deb [DEBDIR=FOLDER], or ./bootstrap deb; run in the build folder. usage: deb.sh SRCDIR VERSION [FOLDER]
# No debhelper is needed: dpkg-deb packs, dpkg-shlibdeps tells the libraries.
set -eu
src=$1 version=$2
here=${3:-$PWD} top=${3:-$PWD}/deb
arch=$(dpkg --print-architecture)
date=$(date -R -d "@${SOURCE_DATE_EPOCH:-$(git -C "$src" log -1 --format=%ct 2>/dev/null || date +%s)}")
who=${DEBEMAIL:+${DEBFULLNAME:-copse} <$DEBEMAIL>}
who=${who:-$(git -C "$src" log -1 --format='%an <%ae>' 2>/dev/null || echo 'copse <copse@example.org>')}
libdir=usr/lib/$(${CC:-cc} -print-multiarch)
umask 022
rm -rf "$top"
mkdir -p "$top/copse" "$top/libcopse-dev" "$top/debian"
make -s install DESTDIR="$top/all" prefix=/usr libdir="/$libdir" bashcompletiondir=/usr/share/bash-completion/completions >/dev/null

sed -i 's|^prefix=.*|prefix=/usr|; s|^libdir=.*|libdir=/'"$libdir"'|' "$top/all/$libdir/pkgconfig/libcopse.pc"

move() { # PACKAGE PATH…: what goes into it
  package=$1
  shift
  for path; do
    mkdir -p "$top/$package/$(dirname "$path")"
    mv "$top/all/$path" "$top/$package/$path"
  done
}
move libcopse-dev usr/include usr/lib
move copse usr/bin usr/share
rmdir "$top/all/usr" "$top/all"
strip --strip-unneeded --remove-section=.comment --remove-section=.note "$top/copse/usr/bin/copse"
strip --strip-debug "$top/libcopse-dev/$libdir/libcopse.a"
rm -f "$top/copse/usr/share/doc/copse/LICENSE"

changelog() { # PACKAGE
  mkdir -p "$top/$1/usr/share/doc/$1"
  printf '%s (%s) unstable; urgency=medium\n\n  * Built from the tree; docs/CHANGELOG.md says what has changed.\n\n -- %s  %s\n' \
    copse "$version" "$who" "$date" | gzip -9n >"$top/$1/usr/share/doc/$1/changelog.gz"
  {
    echo 'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/'
    echo 'Upstream-Name: copse'
    printf '\nFiles: *\nCopyright: 2026 the copse authors\nLicense: Apache-2.0\n'
    printf ' On Debian systems the text of this licence is in /usr/share/common-licenses/Apache-2.0.\n'
    printf '\nFiles: data/words/*\nCopyright: 2024 GRAYPE Systems Private Limited\nLicense: Expat\n'
    sed -n '/Permission is hereby/,$p' "$src/data/words/LICENSE.wink" | sed 's/^$/./; s/^/ /'
  } >"$top/$1/usr/share/doc/$1/copyright"
}
# What every package holds besides: compressed pages, a list of sums.
finish() { # PACKAGE, then its control fields on standard input
  root=$top/$1
  changelog "$1"
  find "$root" -path '*/man/*' -type f ! -name '*.gz' -exec gzip -9n {} +
  find "$root/usr/share/doc" -type f -size +4k ! -name '*.gz' ! -name copyright ! -name '*.c' -exec gzip -9n {} + 2>/dev/null || :
  mkdir -p "$root/DEBIAN"
  {
    cat
    printf 'Version: %s\nMaintainer: %s\nInstalled-Size: %s\n' "$version" "$who" "$(du -k -s --exclude=DEBIAN "$root" | cut -f1)"
  } >"$root/DEBIAN/control"
  (cd "$root" && find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum >DEBIAN/md5sums)
  chmod -R go-w "$root"
  dpkg-deb --build --root-owner-group "$root" "$here/$1_${version}_$arch.deb" >/dev/null
  echo "$here/$1_${version}_$arch.deb"
}

printf 'Source: copse\n\nPackage: copse\nArchitecture: %s\n' "$arch" >"$top/debian/control"
libraries=$(cd "$top" && dpkg-shlibdeps -O --ignore-missing-info copse/usr/bin/copse 2>/dev/null | sed 's/^shlibs:Depends=//')
finish copse <<END
Package: copse
Architecture: $arch
Section: science
Priority: optional
Depends: $libraries
Description: walk through a folder of neural-network models as through a wood
 copse finds models in folders, caches and archives, recovers which was
 fine-tuned from which, trains small experts on the weights of a layer, and
 answers questions in words from the weights alone. It needs no Python, no
 graphics processor and no network, and runs nothing that a model file holds.
END
finish libcopse-dev <<END
Package: libcopse-dev
Architecture: $arch
Section: libdevel
Priority: optional
Depends: libglib2.0-dev, libcjson-dev, libopenblas-dev, liblapacke-dev, libsqlite3-dev, libyaml-dev, zlib1g-dev, libarchive-dev, libmd4c-dev, libxxhash-dev
Description: engine of copse as a static library
 Headers and a static library for programs that read collections of
 neural-network models, recover their heritage, train and ask experts.
END
rm -rf "$top"
