//===- MaskInterface.td - all that the compiler knows of masks -*- tablegen -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_ATTN_MASKINTERFACE_TD
#define MUNTIN_ATTN_MASKINTERFACE_TD

include "mlir/IR/OpBase.td"

def MaskAttrInterface : AttrInterface<"MaskAttrInterface"> {
  let cppNamespace = "::muntin::attn";
  let description = [{
    A mask says which (query, key) pairs of coordinates attend. Every answer is
    emitted as arithmetic on integers; with constants as inputs it folds to a
    constant, and that is how the compiler evaluates masks at compile time.

    The defaults serve *bands*: masks that name, on each axis, a rule with one
    run of keys per query (see AxisRule in MaskSupport.h). A band implements
    `axisRule` and nothing else.
  }];

  let methods = [
    InterfaceMethod<[{
      The rank of the grid that the mask demands, or 0 if any will do.
    }], "unsigned", "getRank", (ins), [{}], [{ return 0; }]>,

    InterfaceMethod<[{
      True if, on a grid of that rank, the rule is an AND of one rule per axis.
      Rank 0 stands for "not known": the answer then holds for every rank.
    }], "bool", "separable", (ins "unsigned":$rank), [{}], [{ return true; }]>,

    InterfaceMethod<[{
      The band on one axis, if the mask is a band. A mask has one on all axes or
      on none.
    }], "::std::optional<::muntin::attn::AxisRule>", "axisRule", (ins "unsigned":$axis), [{}],
      [{ return ::std::nullopt; }]>,

    InterfaceMethod<[{
      The residue period of an axis: allowed pairs have equal residues modulo
      it. 1 if none is proven.
    }], "int64_t", "residuePeriod", (ins "unsigned":$axis), [{}],
      [{ return $_attr.axisRule(axis)->period; }]>,

    InterfaceMethod<[{
      The element rule: may the query attend to the key? One coordinate per
      axis, all of one type T: i64, or a vector of i32 or i64 (lanes are queries
      or keys). The result is i1, or a vector of i1.
    }], "::mlir::Value", "allows",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::Location":$loc, "const ::muntin::attn::MaskContext &":$context,
           "::mlir::ValueRange":$query, "::mlir::ValueRange":$key), [{}],
      [{ return ::muntin::attn::detail::bandAllows($_attr, builder, loc, context, query, key); }]>,

    InterfaceMethod<[{
      The element rule's part on one axis. Separable masks only; their `allows`
      is the AND of these.
    }], "::mlir::Value", "allowsOnAxis",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::Location":$loc, "const ::muntin::attn::MaskContext &":$context,
           "unsigned":$axis, "::mlir::Value":$query, "::mlir::Value":$key), [{}],
      [{ return ::muntin::attn::detail::bandAllowsOnAxis($_attr, builder, loc, context, axis, query, key); }]>,

    InterfaceMethod<[{
      A hull of the keys that some query of the box may attend to. It lies in
      the key grid. Where `queries` has a step that is a multiple of the residue
      period, the hull has the period as its step and lies in the same class.
    }], "::muntin::attn::LiveSet", "liveKeys",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::Location":$loc, "const ::muntin::attn::MaskContext &":$context,
           "const ::muntin::attn::Box &":$queries), [{}],
      [{ return ::muntin::attn::detail::bandLive($_attr, builder, loc, context, /*fromKeys=*/false, queries); }]>,

    InterfaceMethod<[{
      The keys that every query of the box may attend to, where they are known
      to be a box: exactly those, on the lattice of liveKeys(). A box of keys on
      that lattice is full if it lies inside, and only then.
    }], "::std::optional<::muntin::attn::Box>", "commonKeys",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::Location":$loc, "const ::muntin::attn::MaskContext &":$context,
           "const ::muntin::attn::Box &":$queries), [{}],
      [{ return ::muntin::attn::detail::bandCommon($_attr, builder, loc, context, queries); }]>,

    InterfaceMethod<[{
      The inverse: a hull of the queries that may attend to some key of the box.
    }], "::muntin::attn::LiveSet", "liveQueries",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::Location":$loc, "const ::muntin::attn::MaskContext &":$context,
           "const ::muntin::attn::Box &":$keys), [{}],
      [{ return ::muntin::attn::detail::bandLive($_attr, builder, loc, context, /*fromKeys=*/true, keys); }]>,

    InterfaceMethod<[{
      A MaskClass, as an i32: is no pair of the two boxes allowed, every pair,
      or neither proven? The counts are at least 1.
    }], "::mlir::Value", "classify",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::Location":$loc, "const ::muntin::attn::MaskContext &":$context,
           "const ::muntin::attn::Box &":$queries, "const ::muntin::attn::Box &":$keys), [{}],
      [{ return ::muntin::attn::detail::bandClassify($_attr, builder, loc, context, queries, keys); }]>
  ];

  let extraSharedClassDeclaration = [{
    /// separable() on the rank that the mask itself demands.
    bool separable() const { return $_attr.separable($_attr.getRank()); }
  }];
}

#endif // MUNTIN_ATTN_MASKINTERFACE_TD
