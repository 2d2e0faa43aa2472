"""What one neuron computes for a tile of images at once, held in registers.

A value of type `Tile` is a row of `IMAGES` numbers in single precision. It is written
as one vector, which the compiler divides among the registers of the processor at hand,
so that a sum over links is written link by link, with no loop over images, and its
total never leaves the registers. Rows lie behind each other in arrays of shape
(..., neurons, IMAGES); the functions below count them from the array's first number.

Sums over images are taken in one order, by halves: what the compiler may reorder, it
orders otherwise in a process that compiles than in one that finds kernels on disk.

Compiled kernels on disk notice a change of their own module alone: after a change here
or in `netrobust.neural.steps`, remove the ``*.nbi`` files of this folder's cache.
"""

from llvmlite import ir
from numba import types
from numba.core.cgutils import get_or_insert_function
from numba.extending import intrinsic, models, register_model
from numba.np.arrayobj import make_array

IMAGES = 64  # so many sums fit the registers; a row is four lines of a cache

SIDE = 8  # of the squares in which images are turned into rows

_NUMBER = ir.FloatType()
_ROW = ir.VectorType(_NUMBER, IMAGES)
_EDGE = ir.VectorType(_NUMBER, SIDE)


class Tile(types.Type):
    """The values of one neuron for a tile of images."""

    def __init__(self):
        super().__init__(name=f"Tile({IMAGES})")


@register_model(Tile)
class _Model(models.PrimitiveModel):
    def __init__(self, manager, kind):
        super().__init__(manager, kind, _ROW)


_TILE = Tile()


def _address(context, builder, kind, array, row):
    first = make_array(kind)(context, builder, array).data
    begin = builder.mul(row, ir.Constant(row.type, IMAGES))
    return builder.bitcast(builder.gep(first, [begin]), _ROW.as_pointer())


def _everywhere(builder, number, kind=_ROW):
    none = ir.Constant(kind, ir.Undefined)
    one = builder.insert_element(none, number, ir.Constant(ir.IntType(32), 0))
    return _picked(builder, one, none, [0] * kind.count)


def _picked(builder, one, other, places):
    """Give a vector of numbers from two others, which are counted through."""
    kind = ir.VectorType(ir.IntType(32), len(places))
    return builder.shuffle_vector(one, other, ir.Constant(kind, places))


def _transposed(builder, square):
    """Swap ever larger corners of a square that is given row by row."""
    span = 1
    while span < SIDE:
        for row in range(SIDE):
            if not row & span:
                one, other = square[row], square[row + span]
                places = range(SIDE)
                upper = [SIDE + p - span if p & span else p for p in places]
                lower = [SIDE + p if p & span else p + span for p in places]
                square[row] = _picked(builder, one, other, upper)
                square[row + span] = _picked(builder, one, other, lower)
        span *= 2


def _halves(builder, values):
    """Give the first and the second half of a vector."""
    count = values.type.count
    places = range(count // 2), range(count // 2, count)
    return [_picked(builder, values, values, [*half]) for half in places]


def _sum(builder, values):
    while values.type.count > 1:
        values = builder.fadd(*_halves(builder, values))
    return builder.extract_element(values, ir.Constant(ir.IntType(32), 0))


def _multiplied(builder, one, other, total):
    """Give ``one * other + total``, in one operation where the processor has it."""
    kind = total.type
    name = f"llvm.fmuladd.v{kind.count}f32"
    declared = ir.FunctionType(kind, [kind] * 3)
    function = get_or_insert_function(builder.module, declared, name)
    return builder.call(function, [one, other, total])


@intrinsic
def load(typing, rows, number):
    """Read row `number` of an array."""

    def write(context, builder, signature, arguments):
        address = _address(context, builder, signature.args[0], *arguments)
        return builder.load(address, align=4)

    return _TILE(rows, types.uintp), write


@intrinsic
def store(typing, rows, number, values):
    """Write row `number` of an array."""

    def write(context, builder, signature, arguments):
        address = _address(context, builder, signature.args[0], *arguments[:2])
        builder.store(arguments[2], address, align=4)
        return context.get_dummy_value()

    return types.void(rows, types.uintp, _TILE), write


@intrinsic
def filled(typing, number):
    """Give the same number for every image."""

    def write(context, builder, signature, arguments):
        return _everywhere(builder, arguments[0])

    return _TILE(types.float32), write


@intrinsic
def plus(typing, total, weight, values):
    """Add ``weight * values`` to a sum."""

    def write(context, builder, signature, arguments):
        total, weight, values = arguments
        return _multiplied(builder, _everywhere(builder, weight), values, total)

    return _TILE(_TILE, types.float32, _TILE), write


@intrinsic
def where_active(typing, output, values):
    """Give the values, and 0 where the output of a ReLU is 0 or what enters is less."""

    def write(context, builder, signature, arguments):
        output, values = arguments
        zeros = ir.Constant(_ROW, [0.0] * IMAGES)
        # So written, NaN stays NaN.
        silent = builder.fcmp_ordered("<=", output, zeros)
        return builder.select(silent, zeros, values)

    return _TILE(_TILE, _TILE), write


@intrinsic
def dot(typing, one, other):
    """Sum the products of two rows over the images."""

    def write(context, builder, signature, arguments):
        (one, two), (three, four) = (_halves(builder, row) for row in arguments)
        products = builder.fmul(one, three)
        return _sum(builder, _multiplied(builder, two, four, products))

    return types.float32(_TILE, _TILE), write


@intrinsic
def total(typing, values):
    """Sum a row over the images."""

    def write(context, builder, signature, arguments):
        return _sum(builder, arguments[0])

    return types.float32(_TILE), write


@intrinsic
def turn(typing, x, chosen, image, pixel, mean, scale, out):
    """Write a square of standardised pixels to rows `pixel` and following of `out`.

    Parameters
    ----------
    x : array of float32, shape (images, pixels)
    chosen : array of int64
        The images of the tile.
    image, pixel : int
        Where the square begins, counted in `chosen` and in pixels.
    mean, scale : float32
    out : array of float32, shape (at least the pixels, IMAGES)
    """

    def write(context, builder, signature, arguments):
        x, chosen, image, pixel, mean, scale, out = arguments
        x = make_array(signature.args[0])(context, builder, x)
        chosen = make_array(signature.args[1])(context, builder, chosen)
        out = make_array(signature.args[6])(context, builder, out)
        pixels = builder.extract_value(x.shape, 1)
        mean, scale = (_everywhere(builder, one, _EDGE) for one in (mean, scale))

        def at(array, row, width, column):
            place = builder.add(builder.mul(row, width), column)
            return builder.bitcast(builder.gep(array.data, [place]), _EDGE.as_pointer())

        def after(first, steps):
            return builder.add(first, ir.Constant(first.type, steps))

        square = []
        for step in range(SIDE):
            row = builder.load(builder.gep(chosen.data, [after(image, step)]))
            square.append(builder.load(at(x, row, pixels, pixel), align=4))
        _transposed(builder, square)
        width = ir.Constant(pixel.type, IMAGES)
        for step, values in enumerate(square):
            values = builder.fmul(builder.fsub(values, mean), scale)
            builder.store(values, at(out, after(pixel, step), width, image), align=4)
        return context.get_dummy_value()

    numbers = types.uintp, types.uintp, types.float32, types.float32
    return types.void(x, chosen, *numbers, out), write
