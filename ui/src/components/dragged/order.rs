//! Where something that is carried up and down a list would go. Pure, so that it is tested without a page.

/// A place in a list, by what stands beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place<T> {
    Before(T),
    /// Behind the last one.
    After(T),
}

/// The place that a pointer at this height means: before the first of the others whose middle is below it. `middles` are those that are
/// shown, from above; none where there are no others.
pub fn place_at<T: Copy + PartialEq>(middles: &[(T, f64)], carried: T, height: f64) -> Option<Place<T>> {
    let mut others = middles.iter().filter(|(one, _)| *one != carried);
    match others.clone().find(|(_, middle)| *middle > height) {
        Some((one, _)) => Some(Place::Before(*one)),
        None => others.next_back().map(|(one, _)| Place::After(*one)),
    }
}

/// The whole order with what is carried at that place; none where it stands there already.
pub fn put<T: Copy + PartialEq>(all: &[T], carried: T, place: Place<T>) -> Option<Vec<T>> {
    let mut order: Vec<T> = all.iter().copied().filter(|one| *one != carried).collect();
    let beside = |wanted: T| order.iter().position(|one| *one == wanted);
    let at = match place {
        Place::Before(one) => beside(one)?,
        Place::After(one) => beside(one)? + 1,
    };
    order.insert(at, carried);
    (order != all).then_some(order)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOWN: [(char, f64); 3] = [('a', 10.0), ('b', 20.0), ('c', 30.0)];

    /// FR-CON-01: what is carried goes where the pointer is, also above the first and below the last one.
    #[test]
    fn the_pointer_means_a_place() {
        assert_eq!(place_at(&SHOWN, 'c', -5.0), Some(Place::Before('a')));
        assert_eq!(place_at(&SHOWN, 'c', 12.0), Some(Place::Before('b')));
        // Over itself it stays.
        assert_eq!(place_at(&SHOWN, 'b', 20.0), Some(Place::Before('c')));
        assert_eq!(place_at(&SHOWN, 'a', 99.0), Some(Place::After('c')));
        assert_eq!(place_at(&SHOWN, 'c', 99.0), Some(Place::After('b')));
        assert_eq!(place_at(&SHOWN[..1], 'a', 5.0), None);
    }

    /// FR-CON-01: one changes its place and the others keep theirs, also those that are not shown; where nothing would change nothing is asked for.
    #[test]
    fn one_is_put_elsewhere() {
        let all = ['a', 'x', 'b', 'c'];
        assert_eq!(put(&all, 'c', Place::Before('a')), Some(vec!['c', 'a', 'x', 'b']));
        assert_eq!(put(&all, 'a', Place::Before('c')), Some(vec!['x', 'b', 'a', 'c']));
        assert_eq!(put(&all, 'a', Place::After('c')), Some(vec!['x', 'b', 'c', 'a']));
        assert_eq!(put(&all, 'b', Place::Before('c')), None);
        assert_eq!(put(&all, 'c', Place::After('b')), None);
        assert_eq!(put(&all, 'c', Place::Before('?')), None, "it has gone meanwhile");
    }
}
