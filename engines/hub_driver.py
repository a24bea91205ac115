"""Works with a hub as everybody does: huggingface_hub itself. HF_ENDPOINT and HF_HOME say which, and where its cache is.

snapshot ID [REVISION] [offline]: downloads, or with "offline" only looks into the cache; prints the folder.
share ID: moves the snapshot's weights into the store of all models, as the client does for Xet files.
upload FOLDER ID [private]: makes the repository and uploads a folder.
"""

import glob
import os
import sys

import huggingface_hub
from huggingface_hub import constants


def snapshot(name, revision="main", *how):
    print(huggingface_hub.snapshot_download(name, revision=revision, local_files_only="offline" in how))


def share(name):
    from huggingface_hub.utils._shared_blobs import publish_blob_to_shared_store

    folder = huggingface_hub.snapshot_download(name, local_files_only=True)
    for number, file in enumerate(sorted(glob.glob(folder + "/*.safetensors"))):
        blob = os.path.join(os.path.dirname(file), os.readlink(file))
        xet_hash = f"{number:064x}"
        assert publish_blob_to_shared_store(
            blob_path=os.path.normpath(blob), xet_hash=xet_hash, cache_dir=constants.HF_HUB_CACHE,
            expected_size=os.path.getsize(file), replace_existing=False)
        assert os.path.islink(os.path.normpath(blob))
    print(folder)


def upload(folder, name, *how):
    api = huggingface_hub.HfApi()
    api.create_repo(name, private="private" in how, exist_ok=True)
    print(api.upload_folder(repo_id=name, folder_path=folder).oid)


{"snapshot": snapshot, "share": share, "upload": upload}[sys.argv[1]](*sys.argv[2:])
