#!/usr/bin/env bash
# Makes the Debian packages build/microgpt_*.deb and build/libmicrogpt-dev_*.deb.
# scripts/fresh_machine.sh --packages tries them on a bare Debian.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/setup.sh
source scripts/setup.sh

install_packages
install_packages tests/packages.txt
build
rm -f build/*.deb
(cd build && cpack -G DEB)
ls build/*.deb
