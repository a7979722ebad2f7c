"""Writes keras.h5 and model.keras beside itself, with h5py 3.15 and NumPy: small files of HDF5 as Keras lays them out."""
import io
import os
import zipfile

import h5py
import numpy as np

here = os.path.dirname(os.path.abspath(__file__))
kernel = np.arange(6, dtype="<f4").reshape(2, 3)

# Keras 2: groups of layers twice, packed, big-endian and in half precision.
with h5py.File(os.path.join(here, "keras.h5"), "w") as file:
    layer = file.create_group("model_weights/dense/dense")
    layer.create_dataset("kernel:0", data=kernel)
    layer.create_dataset("bias:0", data=np.zeros(3, "<f4"))
    file["model_weights/conv/conv/kernel:0"] = np.arange(24, dtype=">f8").reshape(3, 1, 2, 4)
    file["model_weights/emb/emb/embeddings:0"] = np.arange(6, dtype="<f2").reshape(3, 2)
    packed = file["model_weights"].create_group("packed")
    packed.create_dataset("kernel:0", data=np.arange(64, dtype="<f4").reshape(8, 8), chunks=(4, 4), compression="gzip", shuffle=True)
    file["model_weights/steps"] = np.arange(4, dtype="<i8").reshape(2, 2)
    file["optimizer_weights/adam/kernel/m:0"] = kernel
    file["model_weights/again"] = h5py.SoftLink("/model_weights")

# Keras 3: an archive with the weights by number.
held = io.BytesIO()
with h5py.File(held, "w", libver="latest") as file:
    file["layers/dense/vars/0"] = kernel
    file["layers/dense/vars/1"] = np.zeros(3, "<f4")
    file["optimizer/vars/0"] = np.float32(3)
with zipfile.ZipFile(os.path.join(here, "model.keras"), "w") as archive:
    archive.writestr(zipfile.ZipInfo("config.json"), "{}")
    archive.writestr(zipfile.ZipInfo("model.weights.h5"), held.getvalue())
