package person

import "strings"

// nicknames are given names of English that stand for each other, one group a line.
const nicknames = `alexander alex al xander sandy
albert al bert
alfred al alf fred
amanda mandy
andrew andy drew
angela angie
anna ann anne annie
anthony tony
arthur art
barbara barb babs
benjamin ben benny
bernard bernie
catherine katherine kathryn kate katie kathy cathy kitty kay
charles charlie chuck chas
christina christine chris tina
christopher chris kit
cynthia cindy
daniel dan danny
david dave davey
deborah debra deb debbie
donald don donnie
dorothy dot dottie
edward ed eddie ted teddy ned
eleanor ellie nell nora
elizabeth liz beth betty lizzie eliza betsy lisa
eugene gene
florence flo
frances fran
francis frank
franklin frank
frederick fred freddie
gabriel gabe
geoffrey jeffrey geoff jeff
gerald gerry jerry
gregory greg
harold harry hal
henry harry hank
isabella isabel bella izzy
jacob jake
jacqueline jackie
james jim jimmy jamie
jane janie
janet jan
jennifer jen jenny
jessica jess jessie
john jack johnny jon
jonathan jon
joseph joe joey
joshua josh
judith judy
karen kari
kenneth ken kenny
lawrence laurence larry
leonard leo len lenny
louis luis lou
louise lou
margaret maggie meg peggy marge
maria marie mary
martha marty
matilda tilly
matthew matt
michael mike mick mickey
mohamed mohammed muhammad muhammed mohammad
morris maurice morrie
nancy nan
nathan nathaniel nate nat
nicholas nick
olivia liv
pamela pam
patricia pat patty trish
patrick pat paddy
peter pete
philip phillip phil
rachel rae
raymond ray
rebecca becky becca
richard rich rick dick ricky
robert rob bob bobby robbie
roger rodge
ronald ron ronnie
rose rosie
samantha sam
samuel sam sammy
sarah sara sally zara
stephen steven steve
stephanie steph
susan sue susie susanne suzanne
theodore theo ted
theresa teresa terry tess
thomas tom tommy
timothy tim
victoria vicky
vincent vince
virginia ginny
walter walt
william will bill billy liam
zachary zach`

// Nicknames finds names that stand for each other.
type Nicknames struct{ groups map[string][]int }

// NewNicknames reads the list.
func NewNicknames() Nicknames {
	groups := map[string][]int{}
	for number, line := range strings.Split(nicknames, "\n") {
		for _, name := range strings.Fields(line) {
			groups[name] = append(groups[name], number)
		}
	}
	return Nicknames{groups}
}

// Same tells whether two given names may be one.
func (n Nicknames) Same(a, b string) bool {
	for _, group := range n.groups[a] {
		for _, other := range n.groups[b] {
			if group == other {
				return true
			}
		}
	}
	return false
}

// Knows tells whether a name is on the list.
func (n Nicknames) Knows(name string) bool { return len(n.groups[name]) > 0 }
