package catalogue

import (
	"cmp"
	"slices"
)

// A layered drawing after Sugiyama, Tagawa and Toda (1981): every node stands in the column after all that it is made from, edges over several
// columns get a waypoint in each, columns are sorted by the mean place of their neighbours until fewer edges cross, and nodes are moved
// towards their neighbours. Edges that begin at one node share their waypoints, so that a table that many read is one line that branches.

// graph is what is drawn: nodes by number, edges from what is read to its reader. There may be circles: a project may be wrong.
type graph struct {
	nodes int
	edges [][2]int
}

// placed is a graph with a place for each node: the column, and how far down in rows (not whole numbers).
type placed struct {
	column  []int
	row     []float64
	columns int
	rows    float64 // the lowest row
	// paths are the places that each edge passes, in the order of the graph's edges, both ends included.
	paths [][]point
}

type point struct {
	column int
	row    float64
}

// layering is a graph with waypoints, which are nodes from graph.nodes on.
type layering struct {
	column       []int
	before, next [][]int // neighbours one column to the left and to the right
	real         int     // nodes of the graph; those from there on are waypoints
	order        [][]int // the nodes of each column, from the top
	place        []int   // of a node in its column
	routes       [][]int // the nodes of each edge
}

func layOut(g graph) placed {
	l := newLayering(g)
	l.untangle()
	rows := l.rows()
	result := placed{column: l.column[:g.nodes], row: rows[:g.nodes], columns: len(l.order)}
	for _, row := range rows {
		result.rows = max(result.rows, row)
	}
	for _, route := range l.routes {
		path := make([]point, len(route))
		for i, node := range route {
			path[i] = point{l.column[node], rows[node]}
		}
		result.paths = append(result.paths, path)
	}
	return result
}

func newLayering(g graph) *layering {
	l := &layering{column: columnsOf(g), real: g.nodes}
	l.addRoutes(g)
	l.before, l.next, l.place = make([][]int, len(l.column)), make([][]int, len(l.column)), make([]int, len(l.column))
	joined := map[[2]int]bool{}
	for _, route := range l.routes {
		for i := 1; i < len(route); i++ {
			from, to := route[i-1], route[i]
			if !joined[[2]int{from, to}] && l.column[from] < l.column[to] {
				joined[[2]int{from, to}] = true
				l.next[from], l.before[to] = append(l.next[from], to), append(l.before[to], from)
			}
		}
	}
	for node, column := range l.column {
		for len(l.order) <= column {
			l.order = append(l.order, nil)
		}
		l.place[node] = len(l.order[column])
		l.order[column] = append(l.order[column], node)
	}
	return l
}

// addRoutes gives each edge its way, with a waypoint in every column between.
func (l *layering) addRoutes(g graph) {
	type stop struct{ from, column int }
	waypoints := map[stop]int{}
	for _, edge := range g.edges {
		route := []int{edge[0]}
		for column := l.column[edge[0]] + 1; column < l.column[edge[1]]; column++ {
			at, found := waypoints[stop{edge[0], column}]
			if !found {
				at = len(l.column)
				waypoints[stop{edge[0], column}] = at
				l.column = append(l.column, column)
			}
			route = append(route, at)
		}
		l.routes = append(l.routes, append(route, edge[1]))
	}
}

// columnsOf puts each node after all that it is made from, and then those that are made from nothing right before their first reader. An edge that
// closes a circle counts for nothing here.
func columnsOf(g graph) []int {
	column := make([]int, g.nodes)
	readers, inputs := neighbours(g)
	order := sorted(readers)
	for _, node := range order {
		for _, reader := range readers[node] {
			column[reader] = max(column[reader], column[node]+1)
		}
	}
	for _, node := range order {
		if len(inputs[node]) > 0 || len(readers[node]) == 0 {
			continue
		}
		first := column[readers[node][0]]
		for _, reader := range readers[node] {
			first = min(first, column[reader])
		}
		column[node] = first - 1
	}
	return column
}

// neighbours are the readers and the inputs of each node, without the edges that close a circle.
func neighbours(g graph) (readers, inputs [][]int) {
	all := make([][]int, g.nodes)
	for _, edge := range g.edges {
		all[edge[0]] = append(all[edge[0]], edge[1])
	}
	readers, inputs = make([][]int, g.nodes), make([][]int, g.nodes)
	place := make([]int, g.nodes)
	for i, node := range sorted(all) {
		place[node] = i
	}
	for node := range all {
		for _, reader := range all[node] {
			if place[node] < place[reader] {
				readers[node], inputs[reader] = append(readers[node], reader), append(inputs[reader], node)
			}
		}
	}
	return readers, inputs
}

// sorted gives the nodes so that each comes before its readers, as far as there are no circles.
func sorted(readers [][]int) []int {
	seen := make([]bool, len(readers))
	var order []int
	var visit func(node int)
	visit = func(node int) {
		if seen[node] {
			return
		}
		seen[node] = true
		for _, reader := range readers[node] {
			visit(reader)
		}
		order = append(order, node)
	}
	for node := range readers {
		visit(node)
	}
	slices.Reverse(order)
	return order
}

// sweeps is how often the columns are gone through, there and back; more of them change little.
const sweeps = 8

// untangle sorts the columns and keeps the best order that it meets.
func (l *layering) untangle() {
	best, fewest := l.snapshot(), l.crossings()
	for sweep := 0; sweep < sweeps && fewest > 0; sweep++ {
		for i := range l.order {
			if sweep%2 == 0 {
				l.sortColumn(i, l.before)
			} else {
				l.sortColumn(len(l.order)-1-i, l.next)
			}
		}
		if crossings := l.crossings(); crossings < fewest {
			best, fewest = l.snapshot(), crossings
		}
	}
	for i, nodes := range best {
		l.setOrder(i, nodes)
	}
}

func (l *layering) snapshot() [][]int {
	order := make([][]int, len(l.order))
	for i := range l.order {
		order[i] = slices.Clone(l.order[i])
	}
	return order
}

func (l *layering) setOrder(column int, nodes []int) {
	l.order[column] = nodes
	for i, node := range nodes {
		l.place[node] = i
	}
}

// sortColumn sorts by the mean place of the neighbours on one side; a node without any stays where it is.
func (l *layering) sortColumn(column int, neighbours [][]int) {
	nodes := slices.Clone(l.order[column])
	mean := map[int]float64{}
	for _, node := range nodes {
		mean[node] = float64(l.place[node])
		if others := neighbours[node]; len(others) > 0 {
			sum := 0
			for _, other := range others {
				sum += l.place[other]
			}
			mean[node] = float64(sum) / float64(len(others))
		}
	}
	slices.SortStableFunc(nodes, func(a, b int) int { return cmp.Compare(mean[a], mean[b]) })
	l.setOrder(column, nodes)
}

// crossings counts pairs of edges that cross, as inversions, with a Fenwick tree (Barth, Jünger, Mutzel 2002).
func (l *layering) crossings() int {
	total := 0
	for column := 0; column+1 < len(l.order); column++ {
		tree := make([]int, len(l.order[column+1])+1)
		seen := 0
		for _, node := range l.order[column] {
			ends := make([]int, len(l.next[node]))
			for i, other := range l.next[node] {
				ends[i] = l.place[other]
			}
			for _, end := range ends {
				total += seen - sumTo(tree, end)
			}
			for _, end := range ends {
				addAt(tree, end)
			}
			seen += len(ends)
		}
	}
	return total
}

// sumTo counts what was added at places up to end.
func sumTo(tree []int, end int) int {
	sum := 0
	for i := end + 1; i > 0; i -= i & -i {
		sum += tree[i]
	}
	return sum
}

func addAt(tree []int, place int) {
	for i := place + 1; i < len(tree); i += i & -i {
		tree[i]++
	}
}

// room is how many rows a node takes: a line takes less than a box.
func (l *layering) room(node int) float64 {
	if node >= l.real {
		return 0.4
	}
	return 1
}

// between is how far apart two nodes of a column stand at least, in rows.
func (l *layering) between(a, b int) float64 { return (l.room(a) + l.room(b)) / 2 }

// rows gives each node a row: neighbours on one height where there is room, and never two nodes of a column closer than they have room.
func (l *layering) rows() []float64 {
	rows := make([]float64, len(l.column))
	tallest := 0
	for _, nodes := range l.order {
		tallest = max(tallest, len(nodes))
	}
	for _, nodes := range l.order {
		for i, node := range nodes {
			rows[node] = float64(i) + float64(tallest-len(nodes))/2
		}
	}
	for sweep := range sweeps {
		for i := range l.order {
			if sweep%2 == 0 {
				l.align(i, l.before, rows)
			} else {
				l.align(len(l.order)-1-i, l.next, rows)
			}
		}
	}
	if len(rows) > 0 {
		top := slices.Min(rows)
		for i := range rows {
			rows[i] -= top
		}
	}
	return rows
}

// align moves the nodes of a column to the mean row of their neighbours as far as their order allows: the mean of what it takes to
// keep them apart from the top down and from the bottom up.
func (l *layering) align(column int, neighbours [][]int, rows []float64) {
	nodes := l.order[column]
	down, up := make([]float64, len(nodes)), make([]float64, len(nodes))
	for i, node := range nodes {
		wish := rows[node]
		if others := neighbours[node]; len(others) > 0 {
			wish = 0
			for _, other := range others {
				wish += rows[other]
			}
			wish /= float64(len(others))
		}
		down[i], up[i] = wish, wish
	}
	for i := 1; i < len(nodes); i++ {
		down[i] = max(down[i], down[i-1]+l.between(nodes[i-1], nodes[i]))
	}
	for i := len(nodes) - 2; i >= 0; i-- {
		up[i] = min(up[i], up[i+1]-l.between(nodes[i], nodes[i+1]))
	}
	for i, node := range nodes {
		rows[node] = (down[i] + up[i]) / 2
	}
}
