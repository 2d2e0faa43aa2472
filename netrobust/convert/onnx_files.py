"""ONNX files: the weights of Gemm, MatMul and Conv, as a state dict."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netrobust.core.errors import InputError

_LAYERS = ("Gemm", "MatMul", "Conv", "ConvTranspose", "Gather")


def parse_onnx(path: Path) -> dict[str, NDArray[Any]]:
    """Read weights with the package onnx, in the order of their use: the child's work.

    Returns
    -------
    dict of str to ndarray
        ``name.weight`` of shape (outputs, inputs) or (outputs, inputs, *kernel), and
        ``name.bias``; the name is that of the initialiser without its ending.

    Raises
    ------
    InputError
        The package is not installed, the file is damaged, or its weights are codes.
    """
    try:
        import onnx
        from onnx import numpy_helper
    except ImportError:
        raise InputError("it needs the package onnx; install netrobust[onnx]") from None
    try:
        graph = onnx.load(str(path), load_external_data=False).graph
        outside = [one.name for one in graph.initializer if one.data_location == 1]
        held = {
            one.name: numpy_helper.to_array(one)
            for one in graph.initializer
            if one.name not in outside
        }
    except Exception as error:  # protobuf and onnx each refuse in their own ways
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"it is damaged or no ONNX file ({reason})") from None
    if outside:
        raise InputError(
            f"{outside[0]} lies in a file beside it; save the model in one file"
        )
    state: dict[str, NDArray[Any]] = {}
    for node in graph.node:
        if node.op_type in ("DequantizeLinear", "MatMulInteger", "QLinearMatMul"):
            raise InputError("it is quantised; export the model before that")
        weights = [one for one in node.input if one in held and held[one].ndim > 1]
        if node.op_type not in _LAYERS or not weights:
            continue
        (name,) = weights[:1]
        options = {
            one.name: onnx.helper.get_attribute_value(one) for one in node.attribute
        }
        array = np.asarray(held[name])
        as_stored = node.op_type == "Conv" or options.get("transB", 0) == 1
        if node.op_type == "ConvTranspose":
            if options.get("group", 1) != 1:
                raise InputError(f"{name} is a transposed convolution with groups")
            array = array.swapaxes(0, 1)
        elif not as_stored:
            array = array.T
        stem = name.removesuffix(".weight")
        state[f"{stem}.weight"] = np.ascontiguousarray(array)
        biases = [one for one in node.input if one in held and held[one].ndim == 1]
        for after in graph.node if node.op_type == "MatMul" else ():
            if after.op_type == "Add" and node.output[0] in after.input:
                biases = [one for one in after.input if one in held]
        if biases and held[biases[0]].shape == array.shape[:1]:
            state[f"{stem}.bias"] = held[biases[0]]
    if not state:
        raise InputError("it holds no weights of Gemm, MatMul or Conv")
    return state
