// RUN: muntin-opt %s -split-input-file -verify-diagnostics

// query_box_c1
func.func @f() {
  // expected-error @+1 {{expected a shape of rank 2, got 1}}
  %box = tile.query_box <[8]> step <[1, 1]> : !tile.box<2>
  return
}

// -----

// query_box_c1
func.func @f() {
  // expected-error @+1 {{expected steps of rank 1, got 2}}
  %box = tile.query_box <[8]> step <[1, 1]> : !tile.box<1>
  return
}

// -----

// live_keys_c1
func.func @f(%box: !tile.box<2>) {
  // expected-error @+1 {{expected a mask of rank 2, got 1}}
  %keys = tile.live_keys #attn.causal of %box : !tile.box<2>
  return
}

// -----

// live_keys_c1
func.func @f(%box: !tile.box<2>) {
  // expected-error @+1 {{expected a mask, got unit}}
  %keys = tile.live_keys unit of %box : !tile.box<2>
  return
}

// -----

// for_key_boxes_c1
func.func @f(%box: !tile.box<2>, %x: !tile.extras<"none">) {
  // expected-error @+1 {{expected a shape of rank 2, got 1}}
  tile.for_key_boxes all #attn.full with %x at %box by #tile.shape<[8]> init() : !tile.extras<"none">, !tile.box<2> {
  ^keys(%keys: !tile.box<2>):
    tile.yield
  }
  return
}

// -----

// for_key_boxes_c2
func.func @f(%box: !tile.box<1>, %x: !tile.extras<"none">, %a: f32) {
  // expected-error @+1 {{expected a body of one box and 1 loop-carried arguments, got 1 arguments}}
  %r = tile.for_key_boxes all #attn.full with %x at %box by #tile.shape<[8]> init(%a)
      : !tile.extras<"none">, !tile.box<1>, f32 {
  ^keys(%keys: !tile.box<1>):
    tile.yield %a : f32
  }
  return
}

// -----

// for_key_boxes_c2
func.func @f(%box: !tile.box<1>, %x: !tile.extras<"none">, %a: f32, %b: i32) {
  // expected-error @+1 {{expected inits, arguments, yielded values and results of the same types}}
  %r = tile.for_key_boxes all #attn.full with %x at %box by #tile.shape<[8]> init(%a)
      : !tile.extras<"none">, !tile.box<1>, f32 {
  ^keys(%keys: !tile.box<1>, %so_far: f32):
    tile.yield %b : i32
  }
  return
}

// -----

// for_key_boxes_c3
func.func @f(%box: !tile.box<1>, %x: !tile.extras<"none">) {
  // expected-error @+1 {{expected loop-carried tiles or numbers, got a box}}
  %r = tile.for_key_boxes all #attn.full with %x at %box by #tile.shape<[8]> init(%box)
      : !tile.extras<"none">, !tile.box<1>, !tile.box<1> {
  ^keys(%keys: !tile.box<1>, %so_far: !tile.box<1>):
    tile.yield %so_far : !tile.box<1>
  }
  return
}

// -----

// for_key_boxes_c4
func.func @f(%box: !tile.box<2>, %x: !tile.extras<"none">) {
  // expected-error @+1 {{expected a mask of rank 2, got 1}}
  tile.for_key_boxes live #attn.causal with %x at %box by #tile.shape<[8, 8]> init() : !tile.extras<"none">, !tile.box<2> {
  ^keys(%keys: !tile.box<2>):
    tile.yield
  }
  return
}

// -----

func.func @f(%box: !tile.box<1>, %x: !tile.extras<"none">) {
  // expected-error @+1 {{expected all, live, split, full or border, got some}}
  tile.for_key_boxes some #attn.full with %x at %box by #tile.shape<[8]> init() : !tile.extras<"none">, !tile.box<1> {
  ^keys(%keys: !tile.box<1>):
    tile.yield
  }
  return
}

// -----

// scratch_c1
func.func @f() {
  // expected-error @+1 {{expected a capacity of at least 1, got 0}}
  %s = tile.scratch 0 : !tile.matrix<f32>
  return
}
