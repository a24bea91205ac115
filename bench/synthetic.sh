#!/usr/bin/env bash
# Makes a checkpoint with a released model's shapes and random weights; prints its folder.
#   bench/synthetic.sh PHI_3_5_MINI|PHI_4_MINI|PHI_4|PHI_4_SPARSE|PHI_MINI_MOE|PHI_MINI_MOE_15|PHI_3_5_MOE_3|PHI_3_5_MOE_SPARSE
set -euo pipefail
"$(dirname "${BASH_SOURCE[0]}")/java.sh" phiquant.fixtures.Synthetic "$1" 2> /dev/null
