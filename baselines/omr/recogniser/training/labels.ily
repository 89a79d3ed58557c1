%% Read before a score, after scorebench.ily: names each symbol in the drawing, with what it means.

#(define (labels:of kind . more)
   (lambda (grob)
     `((class . ,(string-append "label-" kind)) ,(scorebench:system grob)
       ,@(map (lambda (name) (cons (string->symbol (format #f "data-~a" name))
                                   (format #f "~a" (ly:grob-property grob name #f))))
              more))))

#(define (labels:duration grob)
   (let ((event (ly:grob-property grob 'cause)))
     (if (and (ly:stream-event? event) (ly:duration? (ly:event-property event 'duration #f)))
         (let ((duration (ly:event-property event 'duration)))
           `((data-log . ,(ly:duration-log duration)) (data-dots . ,(ly:duration-dot-count duration))
             (data-scale . ,(format #f "~a" (ly:duration-scale duration)))))
         '())))

#(define (labels:column grob)
   `(data-column . ,(- (ly:grob-relative-coordinate grob (ly:grob-system grob) X)
                       (ly:grob-relative-coordinate (ly:item-get-column grob) (ly:grob-system grob) X))))

#(define (labels:stem grob)
   (let ((stem (ly:grob-object grob 'stem #f)))
     `(data-stem . ,(if (and (ly:grob? stem) (ly:stencil? (ly:grob-property stem 'stencil #f))
                             (not (interval-empty? (ly:grob-extent stem stem Y))))
                        (ly:grob-property stem 'direction 0) 0))))

#(define (labels:head grob)
   (append (scorebench:mark-head grob) (labels:duration grob)
           `((data-position . ,(ly:grob-property grob 'staff-position 0))
             (data-font-size . ,(ly:grob-property grob 'font-size 0))
             ,(labels:stem grob) ,(labels:column grob))))

#(define (labels:rest grob)
   (append ((labels:of "rest") grob) (labels:duration grob) (list (labels:column grob))))

\layout {
  \context {
    \Score
    \override NoteHead.output-attributes = #labels:head
    \override Rest.output-attributes = #labels:rest
    \override MultiMeasureRest.output-attributes = #(labels:of "measure-rest" 'measure-count)
    \override Stem.output-attributes = #(labels:of "stem")
    \override Beam.output-attributes = #(labels:of "beam")
    \override Flag.output-attributes = #(labels:of "flag")
    \override Dots.output-attributes = #(labels:of "dots")
    \override Clef.output-attributes = #(labels:of "clef" 'glyph)
    \override CueClef.output-attributes = #(labels:of "clef" 'glyph)
    \override Accidental.output-attributes = #(labels:of "accidental" 'alteration)
    \override AccidentalCautionary.output-attributes = #(labels:of "accidental" 'alteration)
    \override KeySignature.output-attributes = #(labels:of "key" 'alteration-alist)
    \override KeyCancellation.output-attributes = #(labels:of "cancel")
    \override TimeSignature.output-attributes = #(labels:of "time" 'fraction)
    \override Tie.output-attributes = #(labels:of "tie")
    \override Slur.output-attributes = #(labels:of "slur")
    \override PhrasingSlur.output-attributes = #(labels:of "slur")
    \override OttavaBracket.output-attributes = #(labels:of "ottava" 'direction)
    \override SpanBar.output-attributes = #(labels:of "span-bar")
  }
}
