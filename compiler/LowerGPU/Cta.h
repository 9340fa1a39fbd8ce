//===- Cta.h - one query box of one head, by a block of threads -*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What is loaded lies in shared memory; what is computed lies in registers, in
// fragments of mma.m16n8k16. Warp w has rows 16 w to 16 w + 15 of every tile, and
// of each 8 columns a lane has four numbers, 0 and 1 in row g, 2 and 3 in row g + 8:
//
//      lane = 4 g + t        column 0     1     2     3     4     5     6     7
//      row 0                  t=0: 0  1       t=1: 0  1      t=2: 0  1      t=3: 0  1    g = 0
//      row 1                       0  1            0  1           0  1           0  1    g = 1
//      ...
//      row 8                       2  3            2  3           2  3           2  3    g = 0
//
// One number per row is two registers, the same in the four lanes of a g. The
// scores of 16 columns, rounded to 16 bits and packed in pairs, are the left
// operand of the next product as they lie: registers (0,1) (2,3) of the first
// eight columns and (0,1) (2,3) of the others. So probabilities never leave their
// lane.
//
// A tile in shared memory has a row of `pitch` bytes for each token, in pieces of
// 16, one row behind the other. ldmatrix reads eight rows of one piece at once; they
// fall on different banks because a piece's place is its number XOR some bits of the
// row ("swizzle"). Of 8 pieces (or 16, 24, ...) all three low bits change, row by row;
// of 4 (12, 20, ...) two bits every second row, of 2 (6, 10, ...) one every fourth:
//
//      8 pieces:  row 0   0 1 2 3 4 5 6 7     4 pieces:  row 0   0 1 2 3     row 1   0 1 2 3
//                 row 1   1 0 3 2 5 4 7 6                row 2   1 0 3 2     row 3   1 0 3 2
//                 row 2   2 3 0 1 6 7 4 5                row 4   2 3 0 1     row 5   2 3 0 1
//                 row 3   3 2 1 0 7 6 5 4                row 6   3 2 1 0     row 7   3 2 1 0
//
// No bits leave their group of pieces, so that copies, which fill 8 pieces of 16 bytes
// at once, meet no bank twice either.
//
// f32 (Tf32.cpp) are multiplied by mma.m16n8k8, whose operands have four and two
// numbers in a lane: queries and keys of ldmatrix' rows g and words t as above,
//
//      of queries, probabilities        of keys, values           t and t + 4 are
//        (g, t)     (g, t + 4)            (t, g) (t + 4, g)         columns of D for scores,
//        (g + 8, t) (g + 8, t + 4)                                  keys 2 t, 2 t + 1 for outputs
//
// and their rows lie an odd number of pieces apart, which serves ldmatrix as well, and
// single words of the values' rows 2 t. An address then is one register and an offset:
// swizzled, it took four, which spilled where a lane has 128 outputs.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_COMPILER_LOWERGPU_CTA_H
#define MUNTIN_COMPILER_LOWERGPU_CTA_H

#include "compiler/LowerGPU/Frame.h"
#include "compiler/LowerGPU/Machine.h"
#include "compiler/Tile/CheckKernel.h"
#include "dialect/attn/Attn.h"
#include "dialect/attn/FoldingBuilder.h"
#include "dialect/tile/Layout.h"
#include "dialect/tile/Tile.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"

#include <map>

namespace muntin::gpu {

inline int64_t bytesOf(Type element) { return element.getIntOrFloatBitWidth() / 8; }

/// An operand in memory, for the batch entry and head of the block.
struct Operand {
  Value base;                          ///< of the head
  llvm::SmallVector<Value, 3> strides; ///< bytes between neighbours on each grid axis
  Type element;
  int64_t columns;
  int64_t rowBytes() const { return columns * bytesOf(element); }
};

/// Rows of numbers in shared memory.
struct SharedTile {
  Value start;  ///< i32 address that `base` counts from: the block's, or that of a buffer in turn
  int64_t base; ///< bytes
  int64_t rows;
  int64_t columns; ///< padded to the product's inner extent, which has 32 bytes
  Type element;
  tile::LayoutAttr layout;
  int64_t group = 0; ///< of the copies that fill it
  int64_t rowBytes() const { return columns * bytesOf(element); }
  int64_t pieces() const { return rowBytes() / 16; }
  int64_t pitch() const { return layout.getPitch(); } ///< bytes
  /// That change places in a row: 1 where it is not swizzled.
  int64_t mixedPieces() const { return int64_t(1) << layout.swizzle().second; }
};

/// Registers of one operand of a product. f32 are split: `rest` is what tf32 leaves of the numbers; else it is empty.
struct Fragment {
  Values numbers, rest;
  Fragment slice(size_t first, size_t count) const;
};

/// The tokens of a box in a tile: `dims` are the extents of the largest such box, in whose row-major order rows lie.
struct TileBox {
  attn::Box box;
  llvm::SmallVector<int64_t, 3> dims;
  attn::Box range = {};      ///< of the walk that the box belongs to; empty where it stands alone
  Values places = {};        ///< of its first token, in the range: multiples of `dims`, i32
  mlir::Attribute live = {}; ///< the mask whose live keys the range is; null where it is of all keys
};

/// A row of a tile that a thread takes: `first` + `more`, a constant whose bits `first` does not have. What is said of
/// a row is said of `first` once, and leaves walks over boxes; `more` becomes an offset in an instruction.
struct SplitRow {
  Value first;
  int64_t more = 0;
};

/// Scores of all keys, in memory, see Matrices.cpp.
struct Matrix {
  Value base; ///< of the block: a pointer to global memory, or null where it lies in shared memory
  int64_t sharedBase = 0;
};

/// Buffers of one tile each that are used in turn.
struct Ring {
  SharedTile first;
  int64_t bytes = 0; ///< from one buffer to the next
  bool free = true;  ///< all warps are known to have passed the last release
};

/// A walk over the key boxes in a range, see Walks.cpp. Places are i32.
struct KeyWalk {
  tile::ForKeyBoxesOp op;
  attn::Box range;
  bool asks = false;                   ///< the mask is asked about each box
  Values begin = {}, end = {};         ///< of the places walked over
  Values fullBegin = {}, fullEnd = {}; ///< of those that the border leaves out; empty where there are none to leave out
};

class Cta {
public:
  /// `name`: of the lowered kernel.
  Cta(mlir::OpBuilder &builder, mlir::func::FuncOp kernel, tile::PlanAttr plan, llvm::StringRef name);
  /// Lowers the kernel, which was checked (CheckKernel.h); fails where an operation has no lowering, and says which.
  mlir::LogicalResult emit();

private:
  // Cta.cpp
  void nameThread(Value number);
  mlir::LogicalResult emitTask();
  mlir::LogicalResult emitBlock(mlir::Block &block);
  mlir::LogicalResult emitOp(mlir::Operation &op);
  void bindArguments();
  Operand targetOf(tile::StoreOp store);
  Operand operandOf(Tensor tensor, tile::GridTensorType type, Value ofHead);
  void splitScale(tile::SplitScaleOp op);
  void emitElementwise(mlir::Operation &op);
  Value elementOf(Value tile, int64_t index, tile::TileType into);
  void reduce(tile::ReduceOp op);
  Value combine(tile::ReduceKind kind, Value x, Value y);
  Value acrossLanes(tile::ReduceKind kind, Value number, tile::LayoutAttr layout);
  void completeSums(tile::ForKeyBoxesOp walk);
  void countPairs(tile::CountOp op);
  bool isRow(Value value);
  int64_t registersOf(tile::TileType type);
  Type element();
  int64_t threads() const { return 32 * plan.getWarps(); }

  // Boxes.cpp
  void chooseBox();
  Value quotient(Value a, Value b);
  Value remainder(Value a, Value b);
  Value ceilQuotient(Value a, int64_t b);
  attn::Box allKeys();
  attn::LiveSet liveKeys(attn::MaskAttrInterface mask);
  attn::MaskContext maskContext(const attn::Box *keys = nullptr);
  Value visits(tile::ForKeyBoxesOp op, const attn::Box &box);
  Values carriedBy(ValueRange values);
  void bindCarried(ValueRange values, ValueRange registers);
  Value place(Value row, llvm::ArrayRef<int64_t> dims, unsigned axis);
  Value coordinate(const attn::BoxAxis &axis, Value place);
  Value narrow(Value value);
  Value widen(Value value); ///< that is not negative

  // Rings.cpp
  void allocateRing(tile::RingOp op);
  SharedTile bufferOf(const Ring &ring, int64_t ahead);
  Value bufferAfter(Value number, int64_t steps);
  void showReleases();
  void copyAhead(tile::CopyOp op);
  void awaitRing(tile::AwaitOp op);
  void copyBox(tile::CopyOp op, int64_t ahead, bool exists);
  void beginStep(Value buffer);
  void fillBuffers(tile::ForKeyBoxesOp op, int64_t most);

  // Walks.cpp
  std::pair<Value, Value> boxesInside(const attn::BoxAxis &tokens, const attn::BoxAxis &range, int64_t extent);
  KeyWalk beginWalk(tile::ForKeyBoxesOp op);
  attn::Box boxAt(KeyWalk &walk, ValueRange place);
  Values placeAfter(KeyWalk &walk, ValueRange place);
  Value isInWalk(KeyWalk &walk, ValueRange place);
  Values visitedAfter(KeyWalk &walk, ValueRange place);
  Values seek(KeyWalk &walk, ValueRange place);
  Values firstPlaces(KeyWalk &walk, int64_t count);
  Value firstPlace(const TileBox &box, unsigned axis);
  void bindBoxes(KeyWalk &walk, ValueRange places);
  mlir::LogicalResult emitForKeyBoxes(tile::ForKeyBoxesOp op);

  // Copies.cpp
  void copyIn(tile::LoadOp op);
  void copyRows(const Operand &operand, const TileBox &box, const SharedTile &tile);
  SharedTile allocate(tile::TileType type);
  SharedTile allocate(int64_t rows, int64_t columns, Type element);
  void scale(const SharedTile &tile, Value factor);
  int64_t outputColumns();
  void reserveOutput(const SharedTile &query);
  void forEachUnit(Value number, int64_t threads, int64_t rows, int64_t unitsPerRow, int64_t down,
                   llvm::function_ref<void(SplitRow, Value)> body);
  Value swizzleOf(const SharedTile &tile, Value row);
  Value unitAddress(const SharedTile &tile, Value row, Value unit, int64_t unitBytes);
  Value unitPointer(const SharedTile &tile, SplitRow row, Value unit, int64_t unitBytes);
  void awaitArrival(llvm::ArrayRef<const SharedTile *> tiles);
  void copyOut(tile::StoreOp op, const Operand &operand);
  void storeRow(tile::StoreOp op, const Operand &operand);
  Value tokenIsThere(const TileBox &box, SplitRow row);
  Value distanceOf(const Operand &operand, const TileBox &box, Value row);
  Value tokenAddress(const Operand &operand, const TileBox &box, SplitRow row, Value inRow = nullptr);

  // Dots.cpp
  void emitDot(tile::DotOp op);
  void emitScores(tile::DotOp op, const SharedTile &query, const SharedTile &key);
  void emitProduct(tile::DotOp op, llvm::ArrayRef<Value> left, const SharedTile &value);
  Values multiply(Type element, const Fragment &left, const Fragment &right, ValueRange sum);
  Values loadMatrices(const SharedTile &tile, Value laneRow, Value lanePiece, int64_t row, int64_t piece,
                      bool transposed);

  // Matrices.cpp
  void bindMatrix(Value argument);
  void allocateMatrix(tile::ScratchOp op);
  void loadMatrix(tile::LoadMatrixOp op);
  void storeMatrix(tile::StoreMatrixOp op);
  int64_t matrixBytes();
  Value keyBoxNumber(const TileBox &keys);
  void forEachGroup(Value matrix, Value keys, llvm::function_ref<void(Value, size_t)> body);

  // MultiplyAdds.cpp
  void multiplyAddScores(tile::DotOp op, const SharedTile &query, const SharedTile &key);
  void multiplyAddProduct(tile::DotOp op, llvm::ArrayRef<Value> left, const SharedTile &value);
  void storeFragments(const SharedTile &tile, llvm::ArrayRef<Value> values);
  Values loadNumbers(const SharedTile &tile, SplitRow row, Value unit, int64_t count);

  // Tf32.cpp
  Fragment fragmentOf(Type element, const Values &registers);
  int64_t piecesPerSum(Type element);
  Value addTo(Value accumulator, int64_t index, tile::TileType into, Value sum);
  Values addSums(llvm::ArrayRef<Value> before, llvm::ArrayRef<Value> sums);
  void emitProductOfWords(tile::DotOp op, llvm::ArrayRef<Value> left, const SharedTile &value);

  // Masks.cpp
  void emitMask(tile::MaskOp op);
  Value allowedOnAxis(attn::MaskAttrInterface mask, const attn::MaskContext &context, const TileBox &keys,
                      unsigned axis, int row, int64_t column);
  struct PlaceRun {
    Value low, end;              ///< places of the walk's range, i32; low <= end
    std::optional<int64_t> most; ///< places that the range can have
  };
  bool isRunOfPlaces(attn::MaskAttrInterface mask, const attn::MaskContext &context);
  PlaceRun runOfPlaces(attn::MaskAttrInterface mask, const attn::MaskContext &context, const TileBox &keys,
                       unsigned axis, int row);
  void maskRuns(attn::MaskAttrInterface mask, const attn::MaskContext &context, const TileBox &keys,
                llvm::MutableArrayRef<Value> scores);
  Value keyPlace(const TileBox &keys, unsigned axis, int64_t column);
  Value segmentOf(int side, ValueRange coords);

  // MaskWords.cpp
  Value axisWord(const TileBox &keys, unsigned axis, const PlaceRun &run, int64_t columns, int64_t number);
  Value bitsBetween(Value first, Value end);
  void maskWords(attn::MaskAttrInterface mask, const attn::MaskContext &context, const TileBox &keys,
                 llvm::MutableArrayRef<Value> scores);

  Value constant(int64_t value); ///< i32
  Value number(float value);
  /// for (i = 0; i < end; ++i) carried = body(i, carried), in i32.
  Values loop(Value end, ValueRange carried, llvm::function_ref<Values(Value, ValueRange)> body);
  Values when(Value condition, ValueRange otherwise, llvm::function_ref<Values()> then);

  mlir::OpBuilder &b;
  mlir::Location loc;
  mlir::func::FuncOp kernel;
  tile::PlanAttr plan;
  const unsigned rank;
  const llvm::DenseSet<Value> laneSums; ///< rows that are held in parts
  Frame frame;
  Machine machine;
  attn::FoldingBuilder f;

  Value thread, lane, warp, sharedBase, task;           // i32
  Value laneGroup, laneInGroup;                         // g and t of the picture
  Value batch, head, kvHead;                            // i64
  llvm::SmallVector<Value, 3> queryExtents, keyExtents; // i64
  TileBox queries;
  Value queryCoordinates[2][3];     ///< of the lane's two rows, i32; a row without a token has those of the last token
  Value keySegments, querySegments; ///< pointers of the batch entry, for document masks

  int64_t sharedTop = 0, sharedBytes = 0;                             ///< in use here; at most
  bool placeIsSaidAgain = false;                                      ///< behind walks
  int64_t outputBase = 0;                                             ///< where the output gathers on its way out
  int64_t copyGroups = 0, arrivedGroups = 0;                          ///< begun; known to have arrived
  std::map<std::tuple<unsigned, int, int64_t>, Value> axisConditions; ///< of the mask being emitted

  /// Of the walk being emitted, see Rings.cpp.
  struct {
    llvm::SmallVector<TileBox, 0> boxes; ///< of this step and the next ones
    Values exists;                       ///< i1 of each
    Value buffer;                        ///< number of the buffers that this step reads, i32
    Value nextBuffer;                    ///< of the step after it; said before copies, which may be left out
    int64_t groupsOfStep = 0;            ///< begun in this step so far
    int64_t arrived = 0;                 ///< the last group that has
  } pipeline;

  mlir::IRMapping scalars;
  llvm::DenseMap<Value, Operand> operands;
  llvm::DenseMap<Value, TileBox> boxes;
  llvm::DenseMap<Value, SharedTile> shared;
  llvm::DenseMap<Value, Matrix> matrices;
  llvm::DenseMap<Value, Ring> rings;
  llvm::DenseMap<Value, Values> registers; ///< of tiles, as in the picture; two for one number per row
};

} // namespace muntin::gpu

#endif // MUNTIN_COMPILER_LOWERGPU_CTA_H
