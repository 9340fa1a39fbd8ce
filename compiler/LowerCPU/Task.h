//===- Task.h - one query box of one head, on a CPU ------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Lanes are queries. A tile with a row per query is kept transposed, so that a
// vector holds one column of L queries, and V vectors hold one of the whole box:
//
//      tile.tile<Q x N>, Q = V L        buffer: N rows of V vectors of L lanes
//
//        n ->                            v=0          v=1         v=2
//      q  . . . .                    n  [q0 .. q7] [q8 .. q15] [q16 .. q23]
//      |  . . . .                    |  [q0 .. q7] [q8 .. q15] [q16 .. q23]
//
// Where the box has more vectors than a register block, it falls into groups of
// so many, and a buffer holds one group's rows behind the other's: what a product
// walks over again and again is then contiguous, and small.
//
// The output of a kernel that reads one box of live keys is the exception: it lies as
// the caller has it, a row per query, and its product's lanes are columns, see Columns.cpp.
//
// One number per row is a row of such a buffer. A tile of keys or values is a
// list of addresses, one per key of the box, so that a box of any rank, step and
// clipping is read by broadcasts, in place or where the plan has it packed. Element-wise
// tiles are not computed until something needs their elements. Loops over v are
// loops in the code as well: a vector's constants then stay in registers, and
// the code stays small.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_COMPILER_LOWERCPU_TASK_H
#define MUNTIN_COMPILER_LOWERCPU_TASK_H

#include "compiler/LowerCPU/Frame.h"
#include "compiler/LowerCPU/Workspace.h"
#include "compiler/Tile/CheckKernel.h"
#include "dialect/attn/Attn.h"
#include "dialect/tile/Tile.h"
#include "runtime/abi/Target.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/DenseSet.h"

namespace muntin::cpu {

/// Numbers of a plan that the lowering works with.
struct Blocking {
  int64_t rows;         ///< rows of the register block
  int64_t blockVectors; ///< vectors of the register block
  int64_t vectors;      ///< vectors of the query box
  int64_t lanes;
  Bf16Dot bf16Dot;
  int64_t queries() const { return vectors * lanes; }
  int64_t groups() const { return vectors / blockVectors; }
};

/// The keys of a box, in row-major order. With pairs, each row of the last axis
/// is padded to an even length by a key that is masked.
struct KeyCount {
  Value rowLength; ///< of the last axis, padded
  Value count;     ///< of the whole box
  Value padded;    ///< the same, rounded up to the register block
  /// Of two hulls, the first vector's scores are computed of keys before firstEnds, the second's from secondBegins on.
  Value secondBegins, firstEnds;
};

/// How a tile of keys or values is read.
struct KeyTile {
  enum class Kind { F32, Pairs };
  Kind kind;
  Value base; ///< address of the box's first key
  Value list; ///< of i64 byte offsets, one per key
  KeyCount keys;
  int64_t columns; ///< numbers per row
  bool packed;     ///< copied into the workspace or the strip, rows one behind the other
  Value origin;    ///< bytes from coordinates 0 to the box's first key
};

/// Live keys of a query box that is two vectors stacked on the first axis, where each vector has a range of its own on
/// that axis. The key box has a row for each place that one of them sees, first those of the first vector.
///
///     on the axis  0 1 2 3 4 5 6
///     vector 0     x x x x x          rows from 0 on
///     vector 1         x x x x x      rows from begin on
struct Trim {
  Value origins[2], counts[2]; ///< of the ranges
  Value begin;                 ///< row of the second range's first; rows before the first one's end are in both
  int64_t step;
};

/// A transposed tile in memory: rows of V vectors. Kind Pairs: a row holds two
/// neighbouring columns as pairs of bf16 in 32-bit words. Kind Columns: not transposed, a row holds a query's columns.
struct Buffer {
  enum class Kind { F32, Pairs, Columns };
  Kind kind = Kind::F32;
  Value base;
  Value rows;                              ///< rows that count, i64
  Value capacity;                          ///< rows that it has, i64; of Columns, numbers of a row
  Value secondBegins = {}, firstEnds = {}; ///< if not null, rows that a vector lacks, see KeyCount
};

/// Which pairs a mask forbids: a word for each vector and key, with a bit for each lane.
struct MaskWords {
  Value base;
  Value capacity; ///< words from a vector to the next, i64
};

/// What a block of a product works on: some vectors of a group.
struct Part {
  Value group;
  int64_t first, vectors;
};

/// Keys or values in the strip: a row for each place on the leading axes, see Strip.cpp.
struct StripOperand {
  Operand operand; ///< where they come from
  Packing packing; ///< None: read in place
  Value base;
  int64_t keyBytes; ///< between neighbours on the last axis; of pairs, half of one
  llvm::SmallVector<int64_t, 3> strides;
};

struct Strip {
  StripOperand keys, values;
  attn::Box rows; ///< what it holds on the leading axes
  Value shift;    ///< keys before the first of the task's box
};

/// The part of a product whose lanes are columns that stays in registers: so many queries, and vectors from a column
/// on.
struct ColumnBlock {
  int64_t queries, column, vectors;
};

/// Numbers of a box's keys, from first to before end.
struct KeyRange {
  Value first, end;
  Value part; ///< in three dimensions, the plane that it lies in, counted from that of the first key; else 0
};

struct KeyRanges {
  Value count;
  std::function<KeyRange(Value)> range; ///< by its number
};

/// What blocks of queries leave for those after them: values of keys from number `first` on as they are multiplied.
struct ValueCopies {
  Value base, first;
  Value state; ///< for each part, the first key that is there and the one behind the last
};

struct QueryRows;

/// A kernel of the template `window`, or one that counts its pairs.
bool readsOneBoxOfLiveKeys(mlir::func::FuncOp kernel);
/// The tiles of such a kernel's output, if their vectors may be columns: all are as wide as some vectors.
llvm::DenseSet<Value> tilesInColumns(mlir::func::FuncOp kernel, int64_t lanes);

class Task {
public:
  Task(Frame &frame, const Blocking &blocking, mlir::func::FuncOp kernel, tile::PlanAttr plan,
       const WorkspaceLayout &layout);

  /// Distance, on the last axis, of the values that the kernel reads in pairs.
  int64_t pairStep() const { return keyStep; }
  /// Lowers the kernel's body for the tasks of the function's range.
  void emitTasks();

private:
  // Task.cpp
  /// Whether the heads of a query box follow each other.
  bool headsOfBox();
  void emitBox(Value number, llvm::function_ref<void()> body);
  void emitOfBox();
  void emitBlock(mlir::Block &block);
  void emitOp(mlir::Operation &op);
  void emitKeys(tile::LoadOp load);
  void chooseLiveKeys(tile::LiveKeysOp live);
  void emitDot(tile::DotOp dot);
  void emitMatrix(mlir::Operation &op);
  void splitScale(tile::SplitScaleOp op);
  void countPairs(tile::CountOp op);
  void bindArguments();
  Operand callersTensor(Tensor tensor, tile::GridTensorType type, Value ofHead);
  Operand packedTensor(Packing packing, const Formula &at, int64_t columns);

  // Walks.cpp
  void emitForKeyBoxes(tile::ForKeyBoxesOp op);
  void emitRange(tile::ForKeyBoxesOp op, const attn::Box &range, bool everyBoxCounts, Values &carried);
  Values emitBody(tile::ForKeyBoxesOp op, ValueRange before);
  void copyRow(Value tile, Value slot);
  void copyRows(const Buffer &from, const Buffer &to);

  // Boxes.cpp
  Value tasksPerHead(); ///< query boxes, residue classes included
  void chooseBox(Value index);
  attn::Box clipBox(const attn::Box &range, mlir::ArrayRef<int64_t> shape, Value boxIndex);
  attn::Box allKeys();
  Value boxesIn(const attn::Box &range, mlir::ArrayRef<int64_t> shape);
  KeyCount countKeys(const attn::Box &box);
  /// Calls `body(first key's number, coordinates of the row on the leading axes)` for each row of the last axis.
  void forKeyRows(const attn::Box &box, const KeyCount &keys,
                  llvm::function_ref<void(Value, mlir::ArrayRef<Value>)> body);
  attn::Box trimKeys(attn::MaskAttrInterface mask);
  Value rowCoordinate(Value row);
  Value tokenIndex(mlir::ArrayRef<Value> coords, mlir::ArrayRef<Value> extents);

  // Masks.cpp
  MaskWords maskWords(tile::MaskOp op);
  void separableWords(attn::MaskAttrInterface mask, const attn::Box &box, const KeyCount &keys, const MaskWords &words);
  void elementwiseWords(attn::MaskAttrInterface mask, const attn::Box &box, const KeyCount &keys,
                        const MaskWords &words);
  void axisWords(attn::MaskAttrInterface mask, unsigned axis, const attn::BoxAxis &keys, const MaskWords &words);
  void endWords(const MaskWords &words, Value key);
  void storeWord(Value allowed, Value at);
  Value startOf(const MaskWords &words, Value vector, Value key);
  Value allBits(int64_t words);
  Type wordType() { return ir.b.getIntegerType(blocking.lanes); }
  int64_t wordBytes() { return blocking.lanes / 8; }
  MaskWords allocateWords(int64_t keyCapacity);
  Value wordAt(const MaskWords &words, Value vector, Value key);
  void fillRows(const Buffer &buffer, Value begin, Value end, float value);
  attn::MaskContext maskContext();
  void forVectors(llvm::function_ref<void(Value)> body);
  void forVectorsInTurn(llvm::function_ref<void(Value)> body); ///< for long bodies: a loop in the code as well
  void fillLanes();
  Value lanePlace(Value vector, unsigned axis);
  Value laneCoord(Value vector, unsigned axis);
  Value keySegment(Value flat);
  void loadLaneSegments();
  std::pair<Value, Value> segmentRange(int side, const attn::Box &box);

  // Rows.cpp
  Value laneAddresses(const Operand &operand, Value dummy);
  Buffer loadQueries(tile::LoadOp op);
  void transposeQueries(const QueryRows &query, mlir::ArrayRef<Value> rows, Value vector);
  void gatherQueryWord(const QueryRows &query, mlir::ArrayRef<Value> rows, Value vector, Value column, int64_t numbers);
  Value queryWords(const QueryRows &query, Value numbers);
  KeyTile loadKeys(tile::LoadOp op);
  void storeTile(tile::StoreOp op);
  void storeRowTile(Value tile, const Operand &operand, Value addresses);
  void storeColumns(Value tile, const Operand &operand, Value addresses);
  Values transpose(Values rows);
  Value convert(Value vector, Type element);

  // Lists.cpp
  Values shapeOf(const attn::Box &box);
  void forgetLists();
  Value listsAreStale(tile::LoadOp op);
  void listKeys(KeyTile &keys, const attn::Box &box, Value head, mlir::ArrayRef<Value> strides, int64_t capacity,
                Value stale);
  void writeKeyList(Value list, const attn::Box &box, const KeyCount &keys, mlir::ArrayRef<Value> strides);

  // Strip.cpp
  void forgetStrip();
  void fillStrip(const attn::Box &box, const KeyCount &keys);
  void packKeyPair(StripOperand &operand, ValueRange rows, Value target);
  attn::Box stripRows(const attn::Box &box);
  Value stripGoesOn(const attn::Box &rows, Value slice, Value pairs);
  void readStrip(KeyTile &keys, const attn::Box &box, const StripOperand &operand, int64_t capacity, Value stale);
  Value stripSlot(int number) { return ir.offset(stripState, 8 * number); }

  // Dots.cpp
  void emitScores(tile::DotOp dot, tile::MaskOp mask);
  void emitProduct(tile::DotOp dot);
  Values scoreStep(const KeyTile &keys, const Buffer &query, mlir::ArrayRef<Value> pointers, Value column,
                   int64_t shift, const Part &part, ValueRange acc, bool single);
  void emitScoreBlock(const KeyTile &keys, const Buffer &query, const Buffer &scores, Value first, const Part &part,
                      const std::optional<MaskWords> &forbidden, Value maxima);
  void emitProductBlock(const KeyTile &keys, const Buffer &probs, const Buffer &out, Value first, Value end,
                        Value column, const Part &part, int64_t rows, llvm::function_ref<Value(Value, Value)> start);
  Value multiplyAdd(const KeyTile &keys, Value acc, Value x, Value y);
  Value splatWord(uint32_t word);
  Value pairProduct(Value acc, Value x, Value y);
  Value broadcastWord(const KeyTile &keys, Value pointer, bool single);

  // Columns.cpp
  bool inColumns(Value tile) const { return columnTiles.contains(tile); }
  /// Whether values are read in place, as pairs.
  bool valuesInHalves() { return blocking.bf16Dot != Bf16Dot::None && plan.getPack() == "none"; }
  int64_t queriesOfBlock(int64_t columns);
  llvm::SmallVector<int64_t> vectorsOfBlocks(int64_t columns);
  Value columnsAt(const Buffer &buffer, Value query, Value column);
  Value placesOfBlocks(tile::LiveKeysOp live, int64_t queries);
  KeyRanges keysOfQueries(const attn::Box &box, const KeyCount &keys, Value query, int64_t queries, Value first,
                          Value end);
  void emitColumnProduct(tile::DotOp dot, const KeyTile &keys, const Buffer &probs);
  void emitColumnBlock(const KeyTile &keys, const Buffer &probs, const Buffer &out, const KeyRanges &ranges,
                       const ValueCopies *copies, Value query, const ColumnBlock &block, bool fresh);
  Value endOfCopies(const ValueCopies &copies, const KeyRange &range);
  Value productsInColumns(tile::CountOp op, const KeyCount &keys);
  Values valueWords(const KeyTile &keys, Value key, int64_t column, int64_t vectors);
  void storeQueries(Value tile, const Operand &operand, Value addresses);

  // Pointwise.cpp
  bool isRow(Value value);
  void emitRowOp(mlir::Operation &op);
  Value evaluateRow(Value tile, Value vector);
  Value rowSlot();
  Value inSlot(Value slot, Value vector);
  Value evaluate(Value tile, Value row, Value vector);
  Value combine(tile::ReduceKind kind, Value x, Value y);
  void reduce(tile::ReduceOp op);
  Buffer materialize(Value tile);
  Buffer materializePairs(Value tile);
  Buffer destination(Value tile);
  Buffer pairsInPlace(Value tile);
  Value pairs(Value even, Value odd, Type element);
  void storePair(const Buffer &to, Value row, Value vector, Value even, Value odd);
  enum class Sink { Nowhere, Numbers, Pairs };
  Sink sinkOf(tile::ReduceOp op);
  Value rootBuffer(Value tile);
  bool lastUse(Value root, Value tile);
  Value at(const Buffer &buffer, Value row, Value vector);
  Value at(const Buffer &buffer, Value row, Value group, int64_t vector);
  Value rowsOf(Value tile);
  Buffer keyRows(Value tile, Buffer::Kind kind);
  std::pair<Value, Value> rowsOfVector(const Buffer &buffer, Value vector);

  /// Memory for one row of that many bytes per key of a box of `capacity` keys (or `?`), padding included.
  Value allocateKeys(int64_t capacity, int64_t bytesPerKey);
  Value capacityRows(int64_t capacity);
  Buffer allocateBuffer(Buffer::Kind kind, int64_t columns, Value rows);
  VectorType vecF32() { return ir.vec(blocking.lanes, ir.f32()); }

  Ir &ir;
  Frame &frame;
  const Blocking blocking;
  mlir::func::FuncOp kernel;
  tile::PlanAttr plan;
  const WorkspaceLayout &layout;
  unsigned rank;
  Extents extents;
  Value batch, head, kvHead, taskNumber;
  attn::Box queryBox;
  Value presentVectors;                        ///< 1 or 2 where each has a hull: those with a query; else all
  std::optional<Trim> trim;                    ///< of the key box, where the plan says so
  std::optional<Strip> strip;                  ///< keys and values that tasks pack
  Value stripState;                            ///< which ones are packed
  Value laneTable;                             ///< coordinates of the lanes in scratch, [axis][lane] i32
  llvm::SmallVector<int64_t, 3> commonResidue; ///< of the boxes that a mask is being asked about
  llvm::SmallVector<int64_t, 3> keyCapacity;   ///< extents of the largest key box, or kDynamic
  Value keySegments;                           ///< address of the batch entry's list, for document masks
  Value segmentTable;                          ///< segment numbers of the lanes in scratch, for document masks
  Value laneSegments;                          ///< those of the vector that a rule is being emitted for
  int64_t keyStep = 1;
  bool rough = false; ///< what is being evaluated will be rounded to bf16
  Value currentKey;   ///< flat number of the key that a rule is being emitted for

  mlir::IRMapping scalars;
  llvm::DenseMap<Value, Operand> operands;
  llvm::DenseMap<Value, attn::Box> boxes;
  llvm::DenseMap<Value, KeyTile> keyTiles;
  llvm::DenseMap<Value, Value> listedShapes; ///< of live keys: memory for the shape that the lists were written for
  llvm::DenseMap<Value, Value> staleLists;   ///< whether the task's is another
  llvm::DenseMap<Value, Buffer> buffers;
  llvm::DenseMap<mlir::Operation *, MaskWords> words; ///< of masks of keys that all heads share
  llvm::DenseSet<Value> columnTiles;                  ///< whose vectors are columns of one query
  Value blockPlaces;                                  ///< table of placesOfBlocks()
  llvm::DenseMap<Value, Value> rowTiles;              ///< memory of one number per row, where it is not an expression
  llvm::DenseSet<mlir::Operation *> done;             ///< operations whose elements are no longer needed
};

} // namespace muntin::cpu

#endif // MUNTIN_COMPILER_LOWERCPU_TASK_H
