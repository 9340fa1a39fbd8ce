// RUN: muntin-opt %s -split-input-file -verify-diagnostics

// neighborhood_c1
func.func private @f() attributes {
  // expected-error @+1 {{expected 1 to 3 axes in window, got 4}}
  a = #attn.neighborhood<window = [1, 1, 1, 1], dilation = [1], stride = [1], causal = [0]>}

// -----

// neighborhood_c1
func.func private @f() attributes {
  // expected-error @+1 {{expected 2 axes in stride as in window, got 1}}
  a = #attn.neighborhood<window = [1, 1], dilation = [1, 1], stride = [1], causal = [0, 0]>}

// -----

// neighborhood_c2
func.func private @f() attributes {
  // expected-error @+1 {{expected window on axis 1 to be at least 1, got 0}}
  a = #attn.neighborhood<window = [3, 0], dilation = [1, 1], stride = [1, 1], causal = [0, 0]>}

// -----

// neighborhood_c3
func.func private @f() attributes {
  // expected-error @+1 {{expected dilation on axis 0 to be at least 1, got -2}}
  a = #attn.neighborhood<window = [3], dilation = [-2], stride = [1], causal = [0]>}

// -----

// neighborhood_c4
func.func private @f() attributes {
  // expected-error @+1 {{expected stride on axis 0 to lie in 1 to 3, the window, got 4}}
  a = #attn.neighborhood<window = [3], dilation = [1], stride = [4], causal = [0]>}

// -----

// neighborhood_c4
func.func private @f() attributes {
  // expected-error @+1 {{expected stride on axis 0 to lie in 1 to 3, the window, got 0}}
  a = #attn.neighborhood<window = [3], dilation = [1], stride = [0], causal = [0]>}

// -----

// neighborhood_c5
func.func private @f() attributes {
  // expected-error @+1 {{expected causal on axis 0 to be 0 or 1, got 2}}
  a = #attn.neighborhood<window = [3], dilation = [1], stride = [1], causal = [2]>}

// -----

// neighborhood_c6
func.func private @f() attributes {
  // expected-error @+1 {{expected window * dilation on axis 0 to be below 2^31, got 65536 * 32768}}
  a = #attn.neighborhood<window = [65536], dilation = [32768], stride = [1], causal = [0]>}

// -----

// sliding_c1
func.func private @f() attributes {
  // expected-error @+1 {{expected 1 axes in right as in left, got 2}}
  a = #attn.sliding<left = [1], right = [1, 1]>}

// -----

// sliding_c1
func.func private @f() attributes {
  // expected-error @+1 {{expected 1 to 3 axes in left, got 0}}
  a = #attn.sliding<left = [], right = []>}

// -----

// sliding_c2
func.func private @f() attributes {
  // expected-error @+1 {{expected left on axis 0 to be at least 0, got -1}}
  a = #attn.sliding<left = [-1], right = [inf]>}

// -----

// sliding_c2
func.func private @f() attributes {
  // expected-error @+1 {{expected right on axis 1 to be at least 0, got -5}}
  a = #attn.sliding<left = [0, 0], right = [inf, -5]>}

// -----

// block_c1
func.func private @f() attributes {
  // expected-error @+1 {{expected 1 to 3 axes in size, got 4}}
  a = #attn.block<size = [1, 1, 1, 1]>}

// -----

// block_c2
func.func private @f() attributes {
  // expected-error @+1 {{expected size on axis 0 to be at least 1, got 0}}
  a = #attn.block<size = [0]>}

// -----

// halo_c1
func.func private @f() attributes {
  // expected-error @+1 {{expected 1 axes in halo as in size, got 2}}
  a = #attn.halo<size = [2], halo = [1, 1]>}

// -----

// halo_c2
func.func private @f() attributes {
  // expected-error @+1 {{expected size on axis 0 to be at least 1, got -3}}
  a = #attn.halo<size = [-3], halo = [1]>}

// -----

// halo_c3
func.func private @f() attributes {
  // expected-error @+1 {{expected halo on axis 0 to be at least 0, got -1}}
  a = #attn.halo<size = [2], halo = [-1]>}

// -----

// global_c1
func.func private @f() attributes {
  // expected-error @+1 {{expected tokens to be at least 0, got -1}}
  a = #attn.global<tokens = -1>}

// -----

// all_of_c1: by the grammar, which wants a mask
func.func private @f() attributes {
  // expected-error @+1 {{expected attribute value}}
  a = #attn.all_of<[]>}

// -----

// any_of_c1: by the grammar, which wants a mask
func.func private @f() attributes {
  // expected-error @+1 {{expected attribute value}}
  a = #attn.any_of<[]>}

// -----

// all_of_c2
func.func private @f() attributes {
  // expected-error @+1 {{expected masks of one rank, got #attn.causal of rank 1 and #attn.block<size = [2, 2]> of rank 2}}
  a = #attn.all_of<[#attn.full, #attn.causal, #attn.block<size = [2, 2]>]>}

// -----

// any_of_c2
func.func private @f() attributes {
  // expected-error @+1 {{expected masks of one rank, got #attn.not<#attn.causal> of rank 1 and #attn.block<size = [2, 2]> of rank 2}}
  a = #attn.any_of<[#attn.not<#attn.causal>, #attn.block<size = [2, 2]>]>}

// -----

func.func private @f() attributes {
  // expected-error @+1 {{expected a mask, got 3 : i64}}
  a = #attn.not<3>}
