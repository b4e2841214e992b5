//! The exact matcher: an Aho-Corasick automaton that also tells how deep it is.
//!
//! The depth of a state is the length of the longest tail of the input that is a beginning of some needle: exactly what
//! must be held back. Libraries keep that number to themselves, which is why this is our own. Knows bytes only.

/// A state. The root is 0.
pub(super) type State = u32;

/// One automaton over all needles: 17 bytes for each byte of needle that is not a shared beginning.
#[derive(Debug)]
pub(super) struct Automaton {
    /// Where each byte leads from the root.
    root: Box<[State; 256]>,
    /// States are numbered breadth first, so the children of `s` are `first_child[s]..first_child[s + 1]`.
    first_child: Vec<State>,
    /// The byte that leads into each state.
    byte: Vec<u8>,
    /// The state of the longest proper tail that is a beginning too.
    fail: Vec<State>,
    depth: Vec<u32>,
    /// Length of the longest needle that ends in this state; 0 for none.
    matched: Vec<u32>,
}

/// A range of the sorted needles that share their first `depth` bytes: a state in the making.
struct Group {
    from: usize,
    to: usize,
}

impl Automaton {
    /// Builds from needles that are sorted, distinct and not empty.
    pub(super) fn new(needles: &[Vec<u8>]) -> Self {
        debug_assert!(needles.is_sorted() && needles.iter().all(|n| !n.is_empty()));
        let mut built = Self {
            root: Box::new([0; 256]),
            first_child: Vec::new(),
            byte: vec![0],
            fail: vec![0],
            depth: vec![0],
            matched: vec![0],
        };
        let mut groups = vec![Group { from: 0, to: needles.len() }];
        let mut parents = vec![0];
        let mut depth = 0;
        while !groups.is_empty() {
            (groups, parents) = built.add_level(needles, &groups, &parents, depth);
            depth += 1;
        }
        let end = built.len();
        built.first_child.push(end);
        built
    }

    /// Gives the states of one level their children; returns those and, for each, its parent.
    fn add_level(
        &mut self,
        needles: &[Vec<u8>],
        groups: &[Group],
        states: &[State],
        depth: usize,
    ) -> (Vec<Group>, Vec<State>) {
        let (mut next, mut next_states) = (Vec::new(), Vec::new());
        let mut parents = Vec::new();
        for (group, &state) in groups.iter().zip(states) {
            self.first_child.push(self.len());
            let mut from = group.from;
            // The needle that ends here sorts first; being distinct, it is the only one.
            if needles.get(from).is_some_and(|needle| needle.len() == depth) {
                from += 1;
            }
            while from < group.to {
                let byte = needles[from][depth];
                let to = from + needles[from..group.to].partition_point(|needle| needle[depth] == byte);
                next_states.push(self.len());
                parents.push(state);
                self.byte.push(byte);
                self.depth.push(u32::try_from(depth + 1).expect("needles are far shorter than 4 GiB"));
                let ends = needles[from].len() == depth + 1;
                self.matched.push(if ends { self.depth[self.depth.len() - 1] } else { 0 });
                next.push(Group { from, to });
                from = to;
            }
        }
        // The fail links of this level need all children of the levels above, which are complete only now.
        let above_end = self.len();
        self.first_child.push(above_end);
        for (&state, &parent) in next_states.iter().zip(&parents) {
            self.link(state, parent);
        }
        self.first_child.pop();
        (next, next_states)
    }

    /// Sets where a new state falls back to, and what ends in it besides itself.
    fn link(&mut self, state: State, parent: State) {
        let byte = self.byte[state as usize];
        let fail = if parent == 0 {
            self.root[usize::from(byte)] = state;
            0
        } else {
            self.step(self.fail[parent as usize], byte)
        };
        self.fail.push(fail);
        if self.matched[state as usize] == 0 {
            self.matched[state as usize] = self.matched[fail as usize];
        }
    }

    fn len(&self) -> State {
        State::try_from(self.byte.len()).expect("needles have far fewer than 4 Gi bytes")
    }

    fn child(&self, state: State, byte: u8) -> Option<State> {
        let first = self.first_child[state as usize];
        let children = &self.byte[first as usize..self.first_child[state as usize + 1] as usize];
        // Nearly all states have one child; the few busy ones are near the root.
        let at = children.iter().position(|&b| b == byte)?;
        Some(first + u32::try_from(at).expect("at most 256 children"))
    }

    /// The state after one more byte.
    pub(super) fn step(&self, mut state: State, byte: u8) -> State {
        loop {
            if state == 0 {
                return self.root[usize::from(byte)];
            }
            if let Some(child) = self.child(state, byte) {
                return child;
            }
            state = self.fail[state as usize];
        }
    }

    /// Whether some needle begins with these bytes.
    pub(super) fn begins(&self, bytes: &[u8]) -> bool {
        let mut state = 0;
        bytes.iter().all(|&byte| {
            state = if state == 0 { self.root[usize::from(byte)] } else { self.child(state, byte).unwrap_or(0) };
            state != 0
        })
    }

    /// Length of the longest tail of what was read that is a beginning of a needle (or a whole one).
    pub(super) fn depth(&self, state: State) -> usize {
        self.depth[state as usize] as usize
    }

    /// Length of the longest needle that ends with the last byte read; 0 for none.
    pub(super) fn matched(&self, state: State) -> usize {
        self.matched[state as usize] as usize
    }
}
