#!/bin/sh
set -e
if [ "$1" = configure ]; then ln -sf /opt/phiquant/bin/phiquant /usr/bin/phiquant; fi
