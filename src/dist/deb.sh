#!/bin/sh
# Builds the Debian packages await100 (program, manual, completions, schemas) and libawait100-dev
# (library, headers, example) in a temporary tree, and leaves nothing but them in the folder given.
#   deb.sh FOLDER
# DEBFULLNAME and DEBEMAIL name who packages it.
set -eu
export LC_ALL=C
top=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$1"
to=$(cd "$1" && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
trap 'exit 1' INT TERM
chmod 755 "$tree"
cd "$top"

version=$(sed -n 's/^#define AW_VERSION "\(.*\)"/\1/p' src/app/version.h)
date=$(date -u -R -d "$(sed -n 's/^#define AW_DATE *"\(.*\)"/\1/p' src/app/version.h)")
SOURCE_DATE_EPOCH=$(date -u -d "$date" +%s)
export SOURCE_DATE_EPOCH
revision=0local1 # sorts before what a distribution makes of the same version
arch=$(dpkg --print-architecture)
multiarch=$(dpkg-architecture -qDEB_HOST_MULTIARCH)
maintainer="${DEBFULLNAME:-await100 developers} <${DEBEMAIL:-await100@users.noreply.github.com}>"

export DEB_BUILD_MAINT_OPTIONS=hardening=+all
make --no-print-directory -j"$(nproc)" BUILD="$tree/build" PREFIX=/usr LIBDIR="/usr/lib/$multiarch" \
    DESTDIR="$tree/all" CPPFLAGS="$(dpkg-buildflags --get CPPFLAGS)" \
    CFLAGS="$(dpkg-buildflags --get CFLAGS) -ffile-prefix-map=$top=." \
    LDFLAGS="$(dpkg-buildflags --get LDFLAGS)" install >"$tree/log" 2>&1 || {
    cat "$tree/log" >&2
    exit 1
}

# Two packages out of one tree.
dev=$tree/libawait100-dev main=$tree/await100
mkdir -p "$dev/usr/share/doc/libawait100-dev" "$main"
for part in include lib; do
    mv "$tree/all/usr/$part" "$dev/usr/$part"
done
mv "$tree/all/usr/share/doc/await100/examples" "$dev/usr/share/doc/libawait100-dev/examples"
mv "$tree/all/usr" "$main/usr"
rm "$main/usr/share/doc/await100/LICENSE" # it is in the copyright file
mkdir "$main/usr/share/zsh/vendor-completions"
mv "$main/usr/share/zsh/site-functions/_await100" "$main/usr/share/zsh/vendor-completions/"
rmdir "$main/usr/share/zsh/site-functions"
strip --remove-section=.comment --remove-section=.note "$main/usr/bin/await100"
strip --strip-debug --enable-deterministic-archives "$dev/usr/lib/$multiarch/libawait100.a"
gzip -9n "$main/usr/share/man/man1/await100.1"

# dpkg-shlibdeps wants to see a source package.
mkdir "$tree/debian"
printf 'Source: await100\n\nPackage: await100\nArchitecture: any\n' >"$tree/debian/control"
depends=$(cd "$tree" && dpkg-shlibdeps -O await100/usr/bin/await100 2>/dev/null |
    sed -n 's/^shlibs:Depends=//p')

finish() { # finish NAME SECTION DEPENDS SYNOPSIS, the long description on standard input
    root=$tree/$1 doc=$tree/$1/usr/share/doc/$1
    mkdir -p "$doc" "$root/DEBIAN"
    {
        echo 'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/'
        echo 'Upstream-Name: await100'
        printf '\nFiles: *\n'
        echo 'Copyright: 2026 the await100 developers'
        echo 'License: Expat'
        sed -n '/^Permission/,$p' LICENSE | sed 's/^$/./; s/^/ /'
    } >"$doc/copyright"
    printf 'await100 (%s-%s) unstable; urgency=medium\n\n  * Packaged by make deb.\n\n -- %s  %s\n' \
        "$version" "$revision" "$maintainer" "$date" | gzip -9n >"$doc/changelog.Debian.gz"
    {
        echo "Package: $1"
        echo 'Source: await100'
        echo "Version: $version-$revision"
        echo "Architecture: $arch"
        echo "Maintainer: $maintainer"
        echo "Installed-Size: $(du -k -s "$root/usr" | cut -f 1)"
        [ -z "$3" ] || echo "Depends: $3"
        echo "Section: $2"
        echo 'Priority: optional'
        echo "Description: $4"
        sed 's/^/ /'
    } >"$root/DEBIAN/control"
    (cd "$root" && find usr -type f -print0 | sort -z | xargs -0 md5sum) >"$root/DEBIAN/md5sums"
    find "$root" -type d -exec chmod 755 {} +
    find "$root" -type f ! -perm -100 -exec chmod 644 {} +
    dpkg-deb --root-owner-group --build "$root" "$to/$1_$version-${revision}_$arch.deb" >/dev/null
    echo "$to/$1_$version-${revision}_$arch.deb"
}

finish await100 net "$depends" 'find out why Expect: 100-continue handshakes fail' <<END
A client that sends Expect: 100-continue holds its content back until the
server says 100 Continue. When that handshake breaks, uploads stall, fail
with 417 or are sent twice, and neither side logs a thing.
.
await100 reads captured packets, follows every HTTP/1 exchange through TCP,
and says what broke, whose fault it is, how sure that is, which packets prove
it, what it cost, and the setting that mends it: as text, HTML, Markdown,
CSV, JSON or HAR.
END
finish libawait100-dev libdevel '' 'diagnosis of Expect: 100-continue, static library' <<END
The engine of await100: packets in, verdicts on Expect: 100-continue
handshakes out. It does no I/O, keeps no globals and stays within the memory
it is given.
.
This package has the static library, its headers, and an example.
END
